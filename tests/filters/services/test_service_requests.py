"""Requests: rate, bound, retries with jitter until a deadline, order, and refusals."""

import threading
from collections.abc import Callable

import pytest

from filters import Filter
from filters.services.request_failed import RETRIED, RequestFailed
from filters.services.requests import Requests
from filters.services.service_filter import ServiceFilter, reaching_settings
from filters.services.token_bucket import TokenBucket
from schemas.errors import JobError, ServiceFault


class Clock:
    """A clock that waiting moves."""

    def __init__(self) -> None:
        self.now = 100.0
        self.waits: list[float] = []

    def __call__(self) -> float:
        return self.now

    def wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds


def requests(clock: Clock, **settings: float) -> Requests:
    whole = {"jitter": lambda: 1.0, "clock": clock, "wait": clock.wait}
    return Requests("text_filter", **{**whole, **settings})  # type: ignore[arg-type]


def failing(*codes: str) -> Callable[[float], str]:
    left = list(codes)

    def request(seconds: float) -> str:
        if left:
            raise RequestFailed(left.pop(0))
        return "answer"

    return request


def test_a_bucket_lets_requests_begin_evenly_after_a_burst_of_a_second() -> None:
    clock = Clock()
    bucket = TokenBucket(120, clock)  # one each half second
    assert [bucket.take() for _ in range(4)] == pytest.approx([0.0, 0.0, 0.5, 1.0])
    clock.now += 100
    assert [bucket.take() for _ in range(3)] == pytest.approx([0.0, 0.0, 0.5])


@pytest.mark.parametrize("per_minute", [60, 600, 7])
def test_no_minute_has_more_requests_than_the_rate_and_its_burst(per_minute: int) -> None:
    clock = Clock()
    bucket = TokenBucket(per_minute, clock)
    begun = []
    while clock.now < 400:
        clock.now += bucket.take()
        begun.append(clock.now)
    for start in begun:
        assert sum(start <= each < start + 60 for each in begun) <= per_minute + per_minute / 60 + 1


def test_without_a_rate_nothing_waits_but_a_pause_holds_for_all() -> None:
    clock = Clock()
    bucket = TokenBucket(None, clock)
    assert [bucket.take() for _ in range(100)] == [0.0] * 100
    bucket.pause(5)
    bucket.pause(2)
    assert bucket.take() == 5
    clock.now += 5
    assert bucket.take() == 0


@pytest.mark.parametrize("code", sorted(RETRIED))
def test_a_passing_failure_is_retried(code: str) -> None:
    clock = Clock()
    sender = requests(clock)
    assert sender.send(failing(code, code, code)) == "answer"
    assert sender.sent == 4
    assert clock.waits == [0.5, 1.0, 2.0]


@pytest.mark.parametrize(("code", "reason"), sorted(RETRIED.items()))
def test_a_lasting_failure_fails_the_unit_within_the_deadline(code: str, reason: str) -> None:
    clock = Clock()
    sender = requests(clock, deadline_seconds=60.0)
    with pytest.raises(ServiceFault) as caught:
        sender.send(failing(*[code] * 100))
    assert caught.value.reason == str(caught.value) == reason
    assert clock.now <= 160
    assert sender.sent == 7  # after 0.5 + 1 + 2 + 4 + 8 + 16 seconds; 30 more are too many


def test_jitter_spreads_retries_and_a_service_may_ask_for_more() -> None:
    clock = Clock()
    sender = requests(clock, jitter=lambda: 0.0)  # type: ignore[arg-type]
    sender.send(failing("UNAVAILABLE"))
    assert clock.waits == [0.25]
    left = [RequestFailed("UNAVAILABLE", retry_after=7.0)]

    def request(seconds: float) -> str:
        if left:
            raise left.pop()
        return "answer"

    assert sender.send(request) == "answer"
    assert clock.waits[1:] == [7.0]


def test_a_request_gets_no_more_time_than_the_deadline_leaves() -> None:
    given: list[float] = []
    clock = Clock()

    def request(seconds: float) -> str:
        given.append(seconds)
        clock.now += 8
        if len(given) == 1:
            raise RequestFailed("DEADLINE_EXCEEDED")
        return "answer"

    requests(clock, deadline_seconds=12.0).send(request)
    assert given == [12.0, 3.5]


def test_a_retry_cut_short_fails_for_the_reason_before() -> None:
    clock = Clock()

    def request(seconds: float) -> str:
        if seconds > 1:
            clock.now += 1
            raise RequestFailed("RESOURCE_EXHAUSTED")
        clock.now += seconds
        raise RequestFailed("DEADLINE_EXCEEDED")

    with pytest.raises(ServiceFault, match=r"^service_quota_exhausted$"):
        requests(clock, deadline_seconds=3.0).send(request)
    with pytest.raises(ServiceFault, match=r"^service_timeout$"):
        requests(clock, deadline_seconds=1.0).send(request)


def test_the_bound_counts_retries() -> None:
    sender = requests(Clock(), max_requests=3)
    assert sender.send(failing("UNAVAILABLE")) == "answer"
    assert sender.send(failing()) == "answer"
    with pytest.raises(ServiceFault, match="service_max_requests"):
        sender.send(failing())
    assert sender.sent == 3


@pytest.mark.parametrize("code", ["PERMISSION_DENIED", "UNAUTHENTICATED", "NOT_FOUND"])
def test_a_refusal_is_the_users_and_is_not_retried(code: str) -> None:
    sender = requests(Clock())
    with pytest.raises(JobError, match=rf"^text_filter: the service refuses .*\({code}\): check"):
        sender.send(failing(code))
    assert sender.sent == 1


def test_a_wrong_request_is_left_to_the_caller() -> None:
    sender = requests(Clock())
    with pytest.raises(RequestFailed):
        sender.send(failing("INVALID_ARGUMENT"))
    assert sender.sent == 1


def test_results_keep_their_order_and_no_more_are_in_flight() -> None:
    sender = requests(Clock(), concurrency=3)
    together = threading.Barrier(3)
    in_flight: list[int] = []
    lock = threading.Lock()
    highest = 0

    def send(item: int) -> int:
        nonlocal highest
        with lock:
            in_flight.append(item)
            highest = max(highest, len(in_flight))
        together.wait(timeout=60)  # three at once, or the test hangs
        with lock:
            in_flight.remove(item)
        return item * 10

    assert sender.each(send, list(range(9))) == [item * 10 for item in range(9)]
    assert highest == 3
    assert sender.each(send, []) == []


def test_the_first_exception_is_raised_and_nothing_more_begins() -> None:
    begun: list[int] = []

    def send(item: int) -> int:
        begun.append(item)
        raise ServiceFault(f"of_item_{item}")

    sender = requests(Clock(), concurrency=1)
    with pytest.raises(ServiceFault, match="of_item_0"):
        sender.each(send, list(range(100)))
    assert begun == [0]


def test_how_a_service_is_reached_is_known_of_every_filter_that_asks_one() -> None:
    kinds = ServiceFilter.__subclasses__()
    settings = frozenset(ServiceFilter.model_fields.keys() - Filter.model_fields.keys())
    assert len(kinds) == 4
    assert all(reaching_settings(kind.model_fields) == settings for kind in kinds)
    assert reaching_settings({**Filter.model_fields, "endpoint": "of an own class"}) == frozenset()
