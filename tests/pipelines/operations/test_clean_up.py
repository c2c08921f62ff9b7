"""Runs that close an output delete the control files that no record refers to any more."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from support.dying_storage import DyingStorage, Killed
from support.sample_data import job, pairs, write_shard
from support.small_s3 import BUCKET, SmallS3

from pipelines.config.job import Job
from pipelines.operations.finish import finish
from pipelines.operations.run import run
from pipelines.operations.status import status
from pipelines.operations.verify import verify
from pipelines.output import counts, counts_merge, output
from pipelines.output.heartbeat import Heartbeat
from pipelines.output.layout import Layout
from pipelines.output.manifest import is_manifest, manifest_name, record_of_manifest
from pipelines.output.output import open_output
from pipelines.planning.begin import create_record, write_manifest
from pipelines.planning.plan import plan
from pipelines.storage.local import LocalStorage
from pipelines.storage.resolve import AnyStorage

STORAGE = LocalStorage()
FILTERS = [{"kind": "text_quality", "min_words": 2}]


def growing(folder: Path, **keys: Any) -> Job:
    given = {"shards": f"{folder}/shards/*.tar", "max_samples_per_file": 2}
    settings = {"filters": FILTERS, "input": given, "extend": True, **keys}
    return job(folder, model=None, tasks={}, **settings)


def add(folder: Path, *names: str) -> None:
    for name in names:
        write_shard(folder / f"shards/{name}.tar", pairs(3, len(name)))


def control(folder: Path, pattern: str) -> list[str]:
    return sorted(path.name for path in (folder / "output/_shardmill").glob(pattern))


def test_manifests_of_older_records_are_deleted(tmp_path: Path) -> None:
    made = growing(tmp_path)
    for generation, name in enumerate(("a", "bb", "ccc")):
        add(tmp_path, name)
        assert run(made).outcome == "complete"
        (manifest,) = control(tmp_path, "manifest.*")
        assert record_of_manifest(manifest) == generation
        assert len(control(tmp_path, "job*.record")) == generation + 1  # records stay
    (tmp_path / "shards/bb.tar").unlink()
    assert run(made, forget_missing=True).outcome == "complete"
    kept = {record_of_manifest(name) for name in control(tmp_path, "manifest.*")}
    assert kept == {2, 3}  # the last record and its `forgets`
    assert verify(made.output).problems == ()
    assert status(made.output).complete


def test_the_manifest_of_a_run_that_lost_is_deleted(tmp_path: Path) -> None:
    add(tmp_path, "a")
    made = growing(tmp_path)
    lost = plan(made)
    add(tmp_path, "bb")
    write_manifest(lost, STORAGE)
    assert len(control(tmp_path, "manifest.*")) == 1
    assert run(made).outcome == "complete"
    (manifest,) = control(tmp_path, "manifest.*")
    assert open_output(made.output).record["manifest"] == manifest


def test_a_run_that_plans_while_another_closes_the_output_keeps_its_manifest(
    tmp_path: Path,
) -> None:
    """It planned the units of an older record again, whose manifest the other run deletes."""
    add(tmp_path, "a")
    made = growing(tmp_path)
    run(made)
    add(tmp_path, "bb")
    run(made)
    (tmp_path / "shards/bb.tar").unlink()
    planned = plan(made, forget_missing=True)  # the units of the first record
    write_manifest(planned, STORAGE)
    finish(made.output)
    create_record(planned, STORAGE)
    assert len(open_output(made.output).units) == 1


def test_nothing_is_deleted_while_another_run_is_at_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(tmp_path, "a")
    made = growing(tmp_path)
    run(made)
    add(tmp_path, "bb")
    monkeypatch.setattr(counts_merge, "_SPARE", -99)
    with Heartbeat(Layout(made.output).heartbeat("other"), STORAGE):
        monkeypatch.setattr("os.getpid", lambda: 1)  # the heartbeat is of another process
        assert run(made).outcome == "complete"
    assert len(control(tmp_path, "manifest.*")) == 2
    assert len(control(tmp_path, "counts/*")) == 2


def test_a_reader_whose_manifest_is_deleted_meanwhile_looks_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(tmp_path, "a")
    made = growing(tmp_path)
    run(made)
    add(tmp_path, "bb")
    looks: list[int] = []

    class Slow(LocalStorage):
        def read_bytes(self, path: str) -> bytes:
            content = super().read_bytes(path)
            if path.endswith("job.record") and not looks:
                looks.append(1)
                run(made)  # which deletes the manifest of the record that was just read
            return content

    monkeypatch.setattr(output, "_FIRST_PAUSE", 0)
    assert len(open_output(made.output, Slow()).units) == 2
    assert looks


def test_manifests_have_the_names_of_their_record_and_content() -> None:
    assert record_of_manifest(manifest_name(b"a")) == 0
    assert record_of_manifest(manifest_name(b"a", 7)) == 7
    assert record_of_manifest(manifest_name(b"a", 100_000)) == 100_000
    assert is_manifest(manifest_name(b"a", 7), b"a")
    assert not is_manifest(manifest_name(b"a", 7), b"b")
    for name in ("job.record", "manifest.shards", "manifest.0.shards", "x.manifest.1.shards"):
        assert record_of_manifest(name) is None


RUNS = 5


@pytest.fixture
def many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Job:
    """An output that grew in five runs, each with an object of its own; up to three may stay."""
    monkeypatch.setattr(counts_merge, "_SPARE", 99)
    made = growing(tmp_path)
    for number in range(RUNS):
        add(tmp_path, "a" * (number + 1))
        run(made)
    assert len(control(tmp_path, "counts/*")) == RUNS
    monkeypatch.setattr(counts_merge, "_SPARE", 1)
    return made


def footers_read(made: Job, monkeypatch: pytest.MonkeyPatch) -> int:
    """Count the footers that a status reads."""
    from pipelines.output import footers

    read: list[str] = []
    whole = footers.read_footer
    monkeypatch.setattr(footers, "read_footer", lambda s, path: read.append(path) or whole(s, path))
    assert status(made.output).counts.read == 3 * RUNS
    return len(read)


def test_small_objects_with_counts_are_merged(
    many: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    summary = finish(many.output)
    assert len(control(tmp_path, "counts/*")) == 1
    assert status(many.output).counts == summary.counts
    assert footers_read(many, monkeypatch) == 0
    assert verify(many.output).problems == ()
    finish(many.output)
    assert len(control(tmp_path, "counts/*")) == 1


def test_large_objects_stay_and_those_of_replaced_files_go(
    many: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counts_merge, "UNITS_PER_OBJECT", 2)  # an object with one unit is large
    monkeypatch.setattr(counts_merge, "_SPARE", -99)
    before = control(tmp_path, "counts/*")
    finish(many.output)
    assert control(tmp_path, "counts/*") == before
    for file in ("a.00000.parquet", "a.00001-end.parquet"):
        (tmp_path / "output" / file).unlink()
    run(many)
    after = control(tmp_path, "counts/*")
    assert len(after) == RUNS
    assert len({*after} - {*before}) == 1
    assert footers_read(many, monkeypatch) == 0


def test_damaged_objects_and_those_of_other_jobs_are_deleted(
    many: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "output/_shardmill/counts/damaged.record").write_bytes(b"{")
    foreign = {"fingerprint": "", "units": [], "stamps": [], "columns": []}
    (tmp_path / "output/_shardmill/counts/foreign.record").write_text(str(foreign))
    finish(many.output)
    assert len(control(tmp_path, "counts/*")) == 1
    assert footers_read(many, monkeypatch) == 0


def test_a_process_that_dies_while_it_cleans_up_loses_no_count(
    many: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counts, "UNITS_PER_OBJECT", 2)  # three merged objects
    for content in (b"old", b"older"):
        (tmp_path / "output/_shardmill" / manifest_name(content)).write_bytes(content)
    shutil.copytree(tmp_path / "output", tmp_path / "before")
    expected = status(many.output).counts
    changes = 0
    while True:
        shutil.rmtree(tmp_path / "output")
        shutil.copytree(tmp_path / "before", tmp_path / "output")
        dying = DyingStorage(changes)
        try:
            finish(many.output, dying)
        except Killed:
            assert status(many.output).counts == expected
            assert verify(many.output).problems == ()
            changes += 1
            continue
        break
    assert changes > RUNS
    assert len(control(tmp_path, "manifest.*")) == 1
    assert run(many).outcome == "complete"
    assert footers_read(many, monkeypatch) == 0


def test_a_bucket_is_cleaned_up_too(
    tmp_path: Path, small_s3: SmallS3, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counts_merge, "_SPARE", -1)
    made = growing(tmp_path, output=f"s3://{BUCKET}/out")
    for name in ("a", "bb", "ccc"):
        add(tmp_path, name)
        assert run(made).outcome == "complete"
    keys = [key for key in small_s3.objects[BUCKET] if "/_shardmill/" in key]
    assert len([key for key in keys if "manifest" in key]) == 1
    assert len([key for key in keys if "/counts/" in key]) <= 2
    assert verify(made.output, AnyStorage()).problems == ()
