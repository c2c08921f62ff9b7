"""Tests that a deadline counts only the time in which the process runs."""

import pytest

from pipelines.concurrency.running_time import wait_while_running


@pytest.mark.parametrize("done_at", [0, 5, 19])
def test_it_ends_as_soon_as_the_wait_is_over(done_at: int) -> None:
    waits: list[float] = []

    def wait(seconds: float) -> bool:
        waits.append(seconds)
        return len(waits) > done_at

    assert wait_while_running(wait, 10)
    assert len(waits) == done_at + 1


def test_a_wait_counts_as_its_time_out_however_long_it_took() -> None:
    waits: list[float] = []
    assert not wait_while_running(lambda seconds: bool(waits.append(seconds)), 10)
    assert sum(waits) == pytest.approx(10)
    assert max(waits) <= 1
