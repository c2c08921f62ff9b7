"""Tests jobs over a folder of images: same rows as a tar, restarts, and changed folders."""

import os
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from support.sample_data import job, pairs, write_shard

from pipelines.adapters.steps import SampleReader
from pipelines.config.job import Job
from pipelines.operations.inspect import select
from pipelines.operations.run import run
from pipelines.operations.verify import verify
from pipelines.planning.plan import plan
from pipelines.planning.resolve import resolve
from schemas.errors import JobError
from schemas.sample import Sample

FILTERS = [{"kind": "image_size", "min_side": 8}]


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    for name, content in pairs(10):
        (folder / name).write_bytes(content)
    return folder


def over_folder(folder: Path, **reading: Any) -> Job:
    """Return a job with filters and no model."""
    keys = {"input": {"shards": f"{folder}/photos/", **reading}, "filters": FILTERS}
    return job(folder, **keys, model=None, tasks={})


def rows(folder: Path, *without: str) -> list[dict[str, Any]]:
    stored = [pq.read_table(path).to_pylist() for path in sorted(folder.glob("output/*.parquet"))]
    return [{k: v for k, v in row.items() if k not in without} for part in stored for row in part]


def test_a_folder_gives_the_same_rows_as_a_tar(
    tmp_path: Path, photos: Path, checkpoint: Path
) -> None:
    tar = write_shard(tmp_path / "tar/shards/photos.tar", pairs(10))
    run(job(tar.parent.parent, checkpoint))
    run(job(tmp_path, checkpoint, input={"shards": str(photos)}))
    assert {row["shard"] for row in rows(tmp_path)} == {"photos/"}
    assert rows(tmp_path, "shard") == rows(tmp_path / "tar", "shard")
    assert [path.name for path in tmp_path.glob("output/*.parquet")] == ["photos.parquet"]


def test_a_stopped_run_continues(tmp_path: Path, photos: Path) -> None:
    folder_job = over_folder(tmp_path, max_samples_per_file=4)
    assert run(folder_job, limit_units=1).units_committed == 1
    first = (tmp_path / "output/photos.rows-0000000000.parquet").stat().st_mtime_ns
    summary = run(folder_job)
    assert (summary.outcome, summary.counts_here.kept) == ("complete", 6)
    assert (tmp_path / "output/photos.rows-0000000000.parquet").stat().st_mtime_ns == first
    names = [path.name for path in sorted(tmp_path.glob("output/*.parquet"))]
    assert names == [f"photos.rows-{number:010}.parquet" for number in (0, 4, 8)]
    assert [row["index"] for row in rows(tmp_path)] == list(range(10))
    assert verify(str(tmp_path / "output")).problems == ()
    assert all(shown.image is not None for shown in select(str(tmp_path / "output"), 10))


@pytest.mark.parametrize("change", ["a new image", "a new text", "another time", "one less"])
def test_a_changed_folder_is_continued_only_with_the_same_content(
    tmp_path: Path, photos: Path, change: str
) -> None:
    folder_job = over_folder(tmp_path, max_samples_per_file=4, text=None)
    (photos / "000009.txt").unlink()
    run(folder_job, limit_units=1)
    match change:
        case "a new image":
            (photos / "new.jpg").write_bytes(b"x")
        case "a new text":
            (photos / "000009.txt").write_bytes(b"x")
        case "another time":
            os.utime(photos / "000000.jpg", (1, 1))
        case "one less":
            (photos / "000009.jpg").unlink()
    planned = plan(folder_job)
    if change == "another time":
        assert (planned.changed, len(planned.pending)) == ((), 2)
    else:
        assert (planned.changed, planned.pending) == (("photos/",), ())


def test_a_missing_folder_is_named(tmp_path: Path, photos: Path) -> None:
    folder_job = over_folder(tmp_path)
    run(folder_job)
    photos.rename(tmp_path / "elsewhere")
    with pytest.raises(JobError, match="photos not found"):
        plan(folder_job)


def test_an_image_deleted_after_the_plan_fails_its_unit(tmp_path: Path, photos: Path) -> None:
    folder_job = over_folder(tmp_path, max_samples_per_file=5)
    reports: list[tuple[str, str]] = []
    summary = run(
        folder_job.model_copy(update={"max_error_rate": 1.0}),
        on_plan=lambda _: (photos / "000007.jpg").unlink(),
        on_report=lambda report: reports.append((report.unit, report.error)),
    )
    assert summary.outcome == "failed"
    assert {error for _, error in reports} == {"shard_changed"}


def test_missing_text_files_are_reported_before_work_starts(tmp_path: Path, photos: Path) -> None:
    for path in photos.glob("*.txt"):
        path.unlink()
    with pytest.raises(JobError, match=r"^input.text: no image in .*photos/ has a .txt file"):
        plan(over_folder(tmp_path))
    with pytest.raises(JobError, match=r"has a \.json file"):
        plan(over_folder(tmp_path, text="json:caption"))
    run(over_folder(tmp_path, text=None))
    assert [row["status"] for row in rows(tmp_path)] == ["kept"] * 10


def test_an_output_inside_the_folder_is_refused(tmp_path: Path, photos: Path) -> None:
    folder_job = over_folder(tmp_path)
    with pytest.raises(JobError, match=r"^output: .* lies within the shard"):
        plan(folder_job.model_copy(update={"output": f"{photos}/output"}))


def test_the_adapter_steps_read_folders(tmp_path: Path, photos: Path) -> None:
    folder_job = over_folder(tmp_path)
    (photos / "000003.jpg").write_bytes(b"")
    (unit,) = plan(folder_job).units
    read = list(SampleReader(resolve(folder_job)).samples(unit))
    assert [isinstance(item, Sample) for item in read] == [n != 3 for n in range(10)]
