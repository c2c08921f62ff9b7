"""A run stops when too much of its data is bad, and the next run continues from there."""

from pathlib import Path
from typing import Any

import pytest
from support.sample_data import Member, job, pairs, write_shard

from pipelines.operations.run import run
from pipelines.operations.running import tally
from pipelines.operations.status import status
from schemas.errors import TooManyErrors


def members(good: int, bad: int) -> list[Member]:
    return [*pairs(good), *((f"x{number}.txt", b"no image") for number in range(bad))]


def outcome(folder: Path) -> str:
    last = status(str(folder / "output")).last_run
    assert last is not None
    return last.outcome


@pytest.fixture(autouse=True)
def small_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tally, "_MIN_SAMPLES", 4)
    monkeypatch.setattr(tally, "_MIN_UNITS", 2)


@pytest.mark.parametrize(
    ("shards", "rate", "stops"),
    [
        ([(2, 2), (1, 0)], 0.5, False),
        ([(1, 3), (1, 0)], 0.5, True),
        ([(1, 3), (1, 0)], 0.75, False),
        ([(0, 4), (1, 0)], 1.0, False),
        ([(1, 2), (5, 0)], 0.5, False),  # too few samples to judge
    ],
)
def test_a_run_stops_above_the_rate(
    tmp_path: Path, checkpoint: Path, shards: list[tuple[int, int]], rate: float, stops: bool
) -> None:
    for number, (good, bad) in enumerate(shards):
        write_shard(tmp_path / f"shards/{number}.tar", members(good, bad))
    made = job(tmp_path, checkpoint, max_error_rate=rate)
    if stops:
        with pytest.raises(TooManyErrors, match="3 of 4 samples are invalid"):
            run(made)
        assert outcome(tmp_path) == "stopped"
        assert run(made.model_copy(update={"max_error_rate": 1.0})).outcome == "complete"
    else:
        assert run(made).outcome == "complete"


@pytest.mark.parametrize(("cut", "stops"), [(1, False), (2, True)])
def test_units_that_fail_count_too(tmp_path: Path, checkpoint: Path, cut: int, stops: bool) -> None:
    for number in range(4):
        write_shard(tmp_path / f"shards/{number}.tar", pairs(1))
        if number < cut:
            (tmp_path / f"shards/{number}.tar").write_bytes(b"cut")
    made: Any = job(tmp_path, checkpoint)
    if stops:
        with pytest.raises(TooManyErrors, match="2 of 2 shards failed"):
            run(made)
    else:
        assert run(made).outcome == "failed"
