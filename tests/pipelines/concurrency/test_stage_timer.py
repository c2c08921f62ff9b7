"""Stages add up over threads and errors; times are not judged, but that there are any."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from pipelines.concurrency.stage_timer import StageTimer


def test_items_add_up_over_threads() -> None:
    timer = StageTimer()

    def work(items: int) -> None:
        with timer.stage("decode", items):
            pass

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(200)))
    assert timer.stages()["decode"].items == sum(range(200))
    assert timer.stages()["decode"].seconds >= 0


def test_what_fails_counts_too() -> None:
    timer = StageTimer()
    with pytest.raises(ValueError, match="bad"), timer.stage("write", 3):
        raise ValueError("bad")
    assert timer.stages()["write"].items == 3


def test_each_counts_the_items_it_passes_on() -> None:
    timer = StageTimer()
    assert list(timer.each("read", iter("abc"))) == ["a", "b", "c"]
    assert timer.stages()["read"].items == 3
    assert list(timer.each("read", iter(""))) == []
    assert timer.stages()["read"].items == 3


def test_stages_stand_in_the_order_of_their_first_appearance() -> None:
    timer = StageTimer()
    for name in ("read", "write", "read", "commit"):
        with timer.stage(name, 1):
            pass
    assert list(timer.stages()) == ["read", "write", "commit"]
