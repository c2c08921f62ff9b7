"""Tests by a clock of their own that a store which asks for fewer requests gets fewer, in time."""

import heapq

from pipelines.storage.object_throttle import Throttle


def test_requests_are_not_delayed_before_a_store_refuses_one() -> None:
    throttle = Throttle()
    assert [throttle.delay(n / 1000) for n in range(2000)] == [0] * 2000


def test_a_lone_refusal_delays_no_other_request() -> None:
    throttle = Throttle()
    for second in range(0, 60, 3):
        throttle.slow_down(second)
        assert [throttle.delay(second + n / 100) for n in range(100)] == [0] * 100


def test_a_second_refusal_halves_the_rate_that_was_sent() -> None:
    throttle = Throttle()
    for n in range(100):  # a hundred requests in a second
        throttle.delay(n / 100)
    throttle.slow_down(0.99)
    throttle.slow_down(0.995)
    waits = [throttle.delay(1.0) for _ in range(50)]
    assert 0.9 < waits[-1] < 1.1  # 50 requests a second
    assert throttle.delay(20.0) == 0


def test_refusals_of_requests_that_were_sent_together_halve_the_rate_once() -> None:
    throttle = Throttle()
    for n in range(100):
        throttle.delay(n / 100)
    for n in range(100):
        throttle.slow_down(1 + n / 200)
    assert 0.9 < [throttle.delay(1.5) for _ in range(50)][-1] < 1.1


def test_the_rate_grows_again_until_nothing_is_delayed() -> None:
    throttle = Throttle()
    for n in range(1000):
        throttle.delay(n / 1000)
    throttle.slow_down(1.0)
    throttle.slow_down(1.0)
    sent, now = dict.fromkeys(range(60), 0), 1.0
    while now < 60:
        now += throttle.delay(now) or 1e-3  # 1,000 requests a second, if they are not delayed
        sent[int(now)] = sent.get(int(now), 0) + 1
    assert sent[2] < 750
    assert sent[8] > 900  # the former rate is back
    assert throttle.delay(60.0) == throttle.delay(60.0) == 0


def test_a_store_that_refuses_everything_is_asked_less_and_less() -> None:
    throttle = Throttle()
    now, sent = 0.0, [0] * 60
    while now < 60:
        now += throttle.delay(now) + 0.01
        sent[min(59, int(now))] += 1
        throttle.slow_down(now)
    assert sent[0] > 10
    assert all(number <= 5 for number in sent[10:])


def test_a_store_with_room_for_few_requests_is_used_without_many_refusals() -> None:
    room, clients = 50, 64  # requests a second that the store answers, and that are sent at once
    throttle = Throttle()
    served = refused = 0
    answered: list[float] = []  # times of the last requests that were answered
    events = [(throttle.delay(0.0), client) for client in range(clients)]
    heapq.heapify(events)
    while events[0][0] < 120:
        now, client = heapq.heappop(events)
        answered = [time for time in answered if now - time < 1]
        pause = 0.02
        if len(answered) < room:
            answered.append(now)
            served += 1
        else:
            refused += 1
            throttle.slow_down(now)
            pause = 0.1
        heapq.heappush(events, (now + pause + throttle.delay(now + pause), client))
    assert served > 0.6 * room * 120
    assert refused < 0.25 * served
