"""Tests that concurrent reads keep the order of their items and raise errors."""

import threading

import pytest

from pipelines.storage.concurrent_reads import read_concurrently


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
