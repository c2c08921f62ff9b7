"""Stages add up over threads and errors; times are not judged, but that there are any."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from pipelines.concurrency.stage_timer import Stopwatch


def test_items_add_up_over_threads() -> None:
    stopwatch = Stopwatch()

    def work(items: int) -> None:
        with stopwatch.stage("decode", items):
            pass

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(200)))
    assert stopwatch.stages()["decode"].items == sum(range(200))
    assert stopwatch.stages()["decode"].seconds >= 0


def test_what_fails_counts_too() -> None:
    stopwatch = Stopwatch()
    with pytest.raises(ValueError, match="bad"), stopwatch.stage("write", 3):
        raise ValueError("bad")
    assert stopwatch.stages()["write"].items == 3


def test_each_counts_the_items_it_passes_on() -> None:
    stopwatch = Stopwatch()
    assert list(stopwatch.each("read", iter("abc"))) == ["a", "b", "c"]
    assert stopwatch.stages()["read"].items == 3
    assert list(stopwatch.each("read", iter(""))) == []
    assert stopwatch.stages()["read"].items == 3


def test_stages_stand_in_the_order_of_their_first_appearance() -> None:
    stopwatch = Stopwatch()
    for name in ("read", "write", "read", "commit"):
        with stopwatch.stage(name, 1):
            pass
    assert list(stopwatch.stages()) == ["read", "write", "commit"]
