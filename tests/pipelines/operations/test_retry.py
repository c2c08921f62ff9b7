"""`retry` does failed units again and, on request, units with bad samples."""

import json
import os
from pathlib import Path

import pytest
from support import yaml_job
from support.command_line import call
from support.sample_data import pairs, write_shard

from pipelines.config.job import Job
from pipelines.operations.canary import choose_canary_units
from pipelines.operations.retry import find_retry, retry
from pipelines.operations.run import run
from pipelines.planning.plan import plan


@pytest.fixture
def job_file(tmp_path: Path, checkpoint: Path) -> Path:
    """A job of three shards, the second with an invalid sample."""
    for unit in range(3):
        members = list(pairs(3, unit))
        if unit == 1:
            members += [("b.jpg", b"no image"), ("b.txt", b"some words")]
        write_shard(tmp_path / f"shards/{unit:05}.tar", members)
    return yaml_job.write(tmp_path / "job.yaml", tmp_path / "shards", checkpoint, part=2)


def results(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob("*.parquet")}


def test_a_failed_unit_is_run_again_and_no_other(job_file: Path, tmp_path: Path) -> None:
    shard = tmp_path / "shards/00002.tar"
    whole, times = shard.read_bytes(), shard.stat()

    def put(content: bytes) -> None:
        shard.write_bytes(content)
        os.utime(shard, ns=(times.st_atime_ns, times.st_mtime_ns))

    put(b"\x07" * len(whole))
    (tmp_path / "shards/00003.tar").write_bytes(whole)
    output = tmp_path / "output"
    first = run(Job.load(job_file), choose=lambda plan: plan.pending[:3])
    assert (first.failed, first.units_committed) == (("00002",), 2)
    put(whole)
    shown = call("retry", output, "--json", code=3)
    assert json.loads(shown.stdout)["units_here"] == 1
    assert json.loads(shown.stdout)["failed"] == []
    assert not list(output.glob("00003*"))  # never begun, so not done again
    call("run", job_file)
    assert (output / "_SUCCESS").exists()


def test_files_with_bad_samples_are_deleted_after_saying_so(job_file: Path, tmp_path: Path) -> None:
    output = tmp_path / "output"
    call("run", job_file)
    before = results(output)
    assert {name for name in before if name.startswith("00001")} == {
        "00001.00000.parquet",
        "00001.00001-end.parquet",
    }
    unasked = call("retry", output, "--with", "invalid", answer="n\n", code=2)
    assert "to be deleted: 00001.00001-end.parquet" in unasked.stderr
    assert "00000.0" not in unasked.stderr
    assert results(output) == before
    assert (output / "_SUCCESS").exists()
    result = json.loads(call("retry", output, "--with", "invalid", "--yes", "--json").stdout)
    assert (result["outcome"], result["units_here"]) == ("complete", 1)
    assert results(output) == before


def test_deleting_begins_with_the_mark_of_success(
    job_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = tmp_path / "output"
    call("run", job_file)
    planned = find_retry(str(output), ["invalid"])
    gone: list[str] = []
    monkeypatch.setattr(type(planned.output.storage), "delete", lambda _, path: gone.append(path))
    retry(planned)
    assert [Path(path).name for path in gone[:3]] == [
        "_SUCCESS",
        "00001.00001-end.parquet",
        "00001.00000.parquet",
    ]


def test_nothing_to_do_again_changes_nothing(job_file: Path, tmp_path: Path) -> None:
    call("run", job_file)
    before = results(tmp_path / "output")
    told = call("retry", tmp_path / "output").stderr
    assert told.startswith("to do again: 0 failed shards (--with and --changed name other shards)")
    assert results(tmp_path / "output") == before


def test_a_canary_projects_the_rest(job_file: Path, tmp_path: Path) -> None:
    for unit in range(3, 6):
        write_shard(tmp_path / f"shards/{unit:05}.tar", pairs(3, unit))
    expected = [unit.name for unit in choose_canary_units(plan(Job.load(job_file)), 3)]
    result = json.loads(call("run", job_file, "--canary", 3, "--json").stdout)
    assert (result["outcome"], result["units_here"]) == ("partial", 3)
    canary = result["canary"]
    assert (len(canary["units"]), canary["rest_units"]) == (3, 3)
    assert canary["units"] == expected
    assert canary["samples"] == result["counts_here"]["read"]
    assert sum(canary["shares"].values()) == pytest.approx(1, abs=1e-3)
    assert canary["samples_per_second"] == result["samples_per_second_here"] > 0
    assert canary["rest_hours"] >= 0
    other = call("run", job_file, "--canary", 3, "--output", tmp_path / "other", "--json")
    assert json.loads(other.stdout)["canary"]["units"] == canary["units"]
    shown = call("run", job_file, "--canary", 1).output
    assert "hours of a worker" in shown
    call("run", job_file)
