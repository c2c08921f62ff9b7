"""StageTimer sums over threads and errors; no test asserts a duration."""

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


def test_a_stage_that_fails_counts_too() -> None:
    timer = StageTimer()
    with pytest.raises(ValueError, match="bad"), timer.stage("write", 3):
        raise ValueError("bad")
    assert timer.stages()["write"].items == 3


def test_timed_items_counts_the_items_that_it_yields() -> None:
    timer = StageTimer()
    assert list(timer.timed_items("read", iter("abc"))) == ["a", "b", "c"]
    assert timer.stages()["read"].items == 3
    assert list(timer.timed_items("read", iter(""))) == []
    assert timer.stages()["read"].items == 3


def test_stages_are_ordered_by_their_first_use() -> None:
    timer = StageTimer()
    for name in ("read", "write", "read", "commit"):
        with timer.stage(name, 1):
            pass
    assert list(timer.stages()) == ["read", "write", "commit"]
