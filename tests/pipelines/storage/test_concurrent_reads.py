"""Tests that concurrent reads keep the order of their items and raise errors."""

import threading

import pytest

from pipelines.storage.concurrent_reads import read_ahead, read_concurrently


def test_results_come_in_the_order_of_the_items() -> None:
    last_began = threading.Event()

    def read(number: int) -> int:
        if number == 9:
            last_began.set()
        assert last_began.wait(60)  # all ten reads run at the same time
        return number * number

    assert list(read_concurrently(read, range(10))) == [n * n for n in range(10)]


def test_an_error_is_raised_in_place_of_its_result() -> None:
    def read(number: int) -> int:
        return 1 // number

    results = read_concurrently(read, [1, 0, 1])
    assert next(results) == 1
    with pytest.raises(ZeroDivisionError):
        next(results)


def test_reading_ahead_is_bounded_and_keeps_the_order() -> None:
    lock = threading.Lock()
    begun, taken, most = 0, 0, 0

    def read(number: int) -> int:
        nonlocal begun, most
        with lock:
            begun += 1
            most = max(most, begun - taken)
        return number

    results = []
    for number in read_ahead(read, range(100), lambda _: 10, max_size=50):
        results.append(number)
        with lock:
            taken += 1
    assert results == list(range(100))
    assert most <= 5 + 1  # five wait at most, beside the one that the consumer has


def test_an_item_above_the_bound_is_read_alone() -> None:
    sizes = [1, 100, 1]
    assert list(read_ahead(lambda size: size, sizes, lambda size: size, max_size=10)) == sizes


def test_an_error_of_reading_ahead_is_raised_in_place_of_its_result() -> None:
    results = read_ahead(lambda number: 1 // number, [1, 0, 1], lambda _: 1, max_size=100)
    assert next(results) == 1
    with pytest.raises(ZeroDivisionError):
        next(results)


def test_nothing_more_is_read_after_the_consumer_has_ended() -> None:
    read: list[int] = []
    results = read_ahead(read.append, range(1000), lambda _: 1, max_size=1000)
    next(results)
    results.close()
    assert len(read) <= 33
