"""Every runner annotates a golden set first, and several runs share it."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from support import starters
from support.sample_data import described, job, pairs, write_shard

from pipelines.operations.run import run
from schemas.errors import GoldenSetFailed
from shardmill import Job

RUNNERS: Mapping[str, Mapping[str, Any]] = {
    "local, 2 workers": {"kind": "local", "workers": 2},
    "ray": {"kind": "ray", "workers": 1},
    "beam": {"kind": "beam"},
}
GOLDEN = 4  # shards of the golden set


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in "ab":
        write_shard(tmp_path / f"shards/{name}.tar", pairs(3, ord(name)))
    for number in range(GOLDEN):
        members = [*described([{"truth": "red"}, {"truth": "blue"}]), ("0.txt", b"a text")]
        write_shard(tmp_path / f"golden/{number}.tar", sorted([*members, ("1.txt", b"a text")]))
    return tmp_path


def gated(folder: Path, checkpoint: Path, bound: str, runner: Mapping[str, Any]) -> Job:
    canary = {
        "golden": f"{folder}/golden/*.tar",
        "truth": {"caption": "truth"},
        "columns": {"truth": "json:truth"},
        "require": {"caption.cer": bound},
    }
    return job(folder, checkpoint, canary=canary, runner=dict(runner))


def rows(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.rglob("*.parquet")}


@pytest.mark.faults
@pytest.mark.parametrize("name", RUNNERS)
def test_every_runner_stops_or_goes_on_like_the_local_one(
    folder: Path, checkpoint: Path, tmp_path: Path, name: str, request: pytest.FixtureRequest
) -> None:
    if name == "ray":
        request.getfixturevalue("ray_session")
    with pytest.raises(GoldenSetFailed) as caught:
        run(gated(folder, checkpoint, "<= 0", RUNNERS[name]))
    assert not rows(folder / "output")
    assert run(gated(folder, checkpoint, "<= 1e6", RUNNERS[name])).outcome == "complete"
    other = gated(folder, checkpoint, "<= 0", {"kind": "local"})
    with pytest.raises(GoldenSetFailed) as local:
        run(other.model_copy(update={"output": f"{tmp_path}/local"}))
    said, locally = (str(each.value).partition(": look at")[0] for each in (caught, local))
    assert said == locally
    assert rows(folder / "output-golden") == rows(folder / "local-golden")


def test_several_starters_annotate_it_once(folder: Path, checkpoint: Path) -> None:
    # A starter that lives is not taken for dead on a busy machine.
    made = gated(folder, checkpoint, "<= 1e6", {"kind": "local", "claim_seconds": 40})
    running = [starters.start(made) for _ in range(2)]
    for process in running:
        process.join()
    assert [process.exitcode for process in running] == [0, 0]
    (golden,) = (folder / "output-golden").iterdir()
    summaries = [json.loads(path.read_text()) for path in (golden / "_shardmill/runs").iterdir()]
    assert sum(each["units_here"] for each in summaries) == GOLDEN
