"""Runs record their counts as they go, so that their end reads the footers of no counted file."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.counting_storage import CountingStorage
from support.sample_data import job, pairs, write_shard

from pipelines.operations.finish import finish
from pipelines.operations.retry import find_retry, retry
from pipelines.operations.run import run
from pipelines.operations.status import status
from pipelines.operations.verify import verify
from pipelines.output import counts
from pipelines.output.output import open_output
from pipelines.storage.local import LocalStorage
from schemas.report import UnitReport
from shardmill import Job

FILTERS = [{"kind": "text_quality", "min_words": 2}]


@pytest.fixture
def make_job(tmp_path: Path) -> Callable[..., Job]:
    """Make a job without a model over so many shards of two samples, which are small files."""

    def make(shards: int, **more: Any) -> Job:
        for number in range(shards):
            write_shard(tmp_path / f"shards/{number:02}.tar", pairs(2, number))
        return job(tmp_path, model=None, tasks={}, filters=FILTERS, **more)

    return make


def footers_read(storage: CountingStorage) -> int:
    return sum(n for (call, path), n in storage.calls.items() if call == "open" and _is_file(path))


def _is_file(path: str) -> bool:
    return path.endswith(".parquet") and "_shardmill" not in path


def recorded(output: Path) -> list[Path]:
    return sorted((output / "_shardmill/counts").glob("*"))


def test_the_end_of_a_run_reads_no_footer(make_job: Callable[..., Job], tmp_path: Path) -> None:
    work, output = make_job(3), tmp_path / "output"
    storage = CountingStorage(LocalStorage())
    summary = run(work, storage=storage)
    assert summary.counts == summary.counts_here
    assert footers_read(storage) == 0
    assert len(recorded(output)) == 1
    assert all(path.suffix == ".record" for path in recorded(output))
    storage.calls.clear()
    assert run(work, storage=storage).counts == summary.counts
    assert status(str(output), storage).counts == finish(str(output), storage).counts
    assert footers_read(storage) == 0
    assert verify(str(output)).problems == ()


def test_an_output_without_recorded_counts_is_counted_from_footers_once(
    make_job: Callable[..., Job], tmp_path: Path
) -> None:
    work, output = make_job(3), tmp_path / "output"
    first = run(work)
    shutil.rmtree(output / "_shardmill/counts")  # as an earlier version leaves it
    storage = CountingStorage(LocalStorage())
    assert status(str(output), storage).counts == first.counts
    assert footers_read(storage) == 3
    assert finish(str(output), storage).counts == first.counts  # which records them
    assert footers_read(storage) == 6
    assert finish(str(output), storage).counts == first.counts
    assert footers_read(storage) == 6
    assert len(recorded(output)) == 1


def test_only_the_files_of_lost_counts_are_read(
    make_job: Callable[..., Job], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counts, "UNITS_PER_OBJECT", 2)
    work, output = make_job(5), tmp_path / "output"
    first = run(work)
    assert len(recorded(output)) == 3
    recorded(output)[1].unlink()
    (output / "04.parquet").unlink()
    storage = CountingStorage(LocalStorage())
    assert run(work, storage=storage).counts == first.counts
    assert footers_read(storage) == 2


def test_samples_that_are_tried_again_are_counted_once(
    make_job: Callable[..., Job], tmp_path: Path
) -> None:
    write_shard(tmp_path / "shards/bad.tar", [("0.jpg", b"no image"), ("0.txt", b"a red star")])
    work, output = make_job(2), tmp_path / "output"
    first = run(work)
    assert first.counts is not None
    assert first.counts.invalid == 1
    write_shard(tmp_path / "shards/bad.tar", pairs(1))
    assert retry(find_retry(str(output), changed=True)).counts != first.counts
    assert verify(str(output)).counts == status(str(output)).counts
    assert verify(str(output)).problems == ()


def test_verify_compares_recorded_counts_with_the_files(
    make_job: Callable[..., Job], tmp_path: Path
) -> None:
    run(make_job(2))
    (path,) = recorded(tmp_path / "output")
    content = path.read_bytes()
    assert b'"path":["kept"],"values":[2,2]' in content
    path.write_bytes(
        content.replace(
            b'"path":["kept"],"values":[2,2]', b'"path":["kept"],"values":[2,1]'
        ).replace(b'"path":["read"],"values":[2,2]', b'"path":["read"],"values":[2,1]')
    )
    (problem,) = verify(str(tmp_path / "output")).problems[:1]
    assert problem.startswith("_shardmill/counts: says other numbers")
    shutil.rmtree(path.parent)
    finish(str(tmp_path / "output"))
    assert verify(str(tmp_path / "output")).problems == ()


class Killed(BaseException):
    """Simulates the end of the process."""


class DyingStorage(LocalStorage):
    """Dies before or after a write; every later write fails too."""

    def __init__(self, at: int) -> None:
        self.moments = 0
        self._at = at

    def _reach(self) -> None:
        self.moments += 1
        if self.moments > self._at:
            raise Killed

    def write_bytes(self, path: str, content: bytes, durable: bool = True) -> None:
        self._reach()
        super().write_bytes(path, content, durable=False)
        self._reach()

    def write(self, path: str, content: Any, durable: bool = True) -> str:
        if not _is_file(path):
            return super().write(path, content, durable=False)
        self._reach()
        version = super().write(path, content, durable=False)
        self._reach()
        return version

    def create(self, path: str, content: bytes, durable: bool = True) -> None:
        self._reach()
        super().create(path, content, durable)
        self._reach()

    def delete(self, path: str) -> None:
        self._reach()
        super().delete(path)


def test_no_death_between_two_writes_loses_or_doubles_a_count(
    make_job: Callable[..., Job], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counts, "UNITS_PER_OBJECT", 1)
    shards = {"shards": f"{tmp_path}/shards/*.tar", "max_samples_per_file": 2}
    work, output = make_job(1, input=shards), tmp_path / "output"
    write_shard(tmp_path / "shards/01.tar", pairs(3, 9))  # two parts
    undisturbed = DyingStorage(at=10**9)
    expected = run(work, storage=undisturbed).counts
    assert expected is not None
    assert expected.read == 5
    for at in range(undisturbed.moments):
        shutil.rmtree(output)
        with pytest.raises(Killed):
            run(work, storage=DyingStorage(at))
        begun = (output / "_shardmill/job.record").exists()
        if begun:
            committed = status(str(output))
            rows = verify(str(output))
            assert committed.counts == rows.counts, at
            assert all("not committed" in problem for problem in rows.problems), at
        assert run(work).counts == expected, at
        assert status(str(output)).counts == expected, at
        assert verify(str(output)).problems == (), at


def test_a_healthy_unit_costs_three_writing_requests_and_no_reading_one(
    make_job: Callable[..., Job], tmp_path: Path
) -> None:
    """As object stores charge them: writes and listings, and reads; deleting is free."""

    def requests(shards: int) -> tuple[int, int]:
        shutil.rmtree(tmp_path / "output", ignore_errors=True)
        storage = CountingStorage(LocalStorage())
        reports: list[UnitReport] = []
        assert run(make_job(shards), storage=storage, on_report=reports.append).outcome
        output = open_output(str(tmp_path / "output")).layout.root
        calls = {each: n for each, n in storage.calls.items() if each[1].startswith(output)}
        assert len(reports) == shards
        return (
            sum(n for (call, _), n in calls.items() if call in ("write", "create", "list")),
            sum(n for (call, _), n in calls.items() if call in ("open", "entry")),
        )

    few, many = requests(2), requests(12)
    assert many[0] - few[0] == 3 * 10  # attempt marker, Parquet file, listing of the records
    assert many[1] == few[1]  # writing tells the version of the Parquet file
