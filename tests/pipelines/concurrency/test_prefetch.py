"""prefetch changes neither items nor their order nor their errors, and its thread ends with it."""

import threading
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.concurrency.prefetch import prefetch
from schemas.errors import DeadlinePassed


def threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "prefetch"]


class Source:
    """Counts upwards; records how far it got and which thread closed it."""

    def __init__(self, end: int, error: Exception | None = None) -> None:
        self.made = 0
        self.closed_in = ""  # the name of the thread
        self._end, self._error = end, error

    def __iter__(self) -> Iterator[int]:
        try:
            while self.made < self._end:
                self.made += 1
                yield self.made
            if self._error is not None:
                raise self._error
        finally:
            self.closed_in = threading.current_thread().name


@given(st.lists(st.one_of(st.none(), st.integers()), max_size=20), st.integers(1, 5))
def test_the_same_items_in_the_same_order(items: list[int | None], ahead: int) -> None:
    assert list(prefetch(iter(items), ahead)) == items


def test_an_error_comes_after_the_items_before_it() -> None:
    items = prefetch(iter(Source(3, ValueError("bad"))), 1)
    assert [next(items), next(items), next(items)] == [1, 2, 3]
    with pytest.raises(ValueError, match="bad"):
        next(items)
    assert threads() == []


def test_an_end_ends_the_thread() -> None:
    source = Source(3)
    assert list(prefetch(iter(source), 5)) == [1, 2, 3]
    assert source.closed_in == "prefetch"
    assert threads() == []


@pytest.mark.parametrize("taken", [1, 2, 5])
def test_closing_early_closes_the_source_in_its_thread(taken: int) -> None:
    source = Source(1000)
    items = prefetch(iter(source), 2)
    for _ in range(taken):
        next(items)
    items.close()
    assert source.closed_in == "prefetch"
    assert source.made <= taken + 2
    assert threads() == []


def test_the_queue_is_bounded() -> None:
    source = Source(1000)
    items = prefetch(iter(source), 3)
    for taken in range(1, 100):
        assert next(items) == taken
        assert source.made <= taken + 3
    items.close()


def test_a_hung_generator_is_not_joined(monkeypatch: pytest.MonkeyPatch) -> None:
    go_on = threading.Event()

    def hanging() -> Iterator[int]:
        yield 1
        go_on.wait()

    items = prefetch(hanging(), 1, seconds=1.0)
    assert next(items) == 1
    with monkeypatch.context() as patched:
        patched.delattr(threading.Thread, "join")
        with pytest.raises(DeadlinePassed, match=r"block_seconds = 1$"):
            next(items)
    (thread,) = threads()
    go_on.set()
    thread.join()
