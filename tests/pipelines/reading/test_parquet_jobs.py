"""Tests jobs over Parquet files: same rows as tars, and units of row groups."""

from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from support.sample_data import images_column, job, pairs, parquet_bytes, write_shard

from pipelines.display.table_parts import of_shards
from pipelines.operations.inspect import select
from pipelines.operations.run import run
from pipelines.operations.status import status
from pipelines.operations.verify import verify
from pipelines.planning.plan import plan
from schemas.errors import JobError

MEMBERS = list(pairs(10))
COLUMNS: dict[str, Any] = {
    "image": images_column([content for name, content in MEMBERS if name.endswith("jpg")]),
    "caption": [content.decode() for name, content in MEMBERS if name.endswith("txt")],
    "__key__": [name.removesuffix(".txt") for name, _ in MEMBERS if name.endswith("txt")],
}


def over_parquet(folder: Path, checkpoint: Path | str = "", **reading: Any) -> Any:
    path = folder / "shards/train.parquet"
    path.parent.mkdir(exist_ok=True)
    if not path.exists():
        path.write_bytes(parquet_bytes(COLUMNS, rows_per_group=2))
    reading = {"shards": f"{folder}/shards/*.parquet", "text": "caption"} | reading
    return job(folder, checkpoint, input=reading)


def rows(folder: Path, *without: str) -> list[dict[str, Any]]:
    stored = [pq.read_table(path).to_pylist() for path in sorted(folder.glob("output/*.parquet"))]
    return [{k: v for k, v in row.items() if k not in without} for part in stored for row in part]


def test_a_parquet_file_gives_the_same_rows_as_a_tar(tmp_path: Path, checkpoint: Path) -> None:
    write_shard(tmp_path / "tar/shards/train.tar", MEMBERS)
    (tmp_path / "parquet").mkdir()
    of_tar = run(job(tmp_path / "tar", checkpoint))
    of_parquet = run(over_parquet(tmp_path / "parquet", checkpoint))
    assert of_parquet.counts == of_tar.counts
    assert of_parquet.counts_here.kept == 10
    assert rows(tmp_path / "parquet", "shard") == rows(tmp_path / "tar", "shard")


def test_a_large_file_is_split_into_units_with_continuous_indices(
    tmp_path: Path, checkpoint: Path
) -> None:
    parquet_job = over_parquet(tmp_path, checkpoint, max_samples_per_file=5)
    summary = run(parquet_job, limit_units=2)
    assert (summary.units_total, summary.units_committed, summary.shards_total) == (3, 2, 1)
    assert of_shards(2, 3, 1) == "2 of 3 pieces of 1 shard"
    assert (status(parquet_job.output).units, status(parquet_job.output).shards) == (3, 1)
    assert run(parquet_job).outcome == "complete"
    names = [path.name for path in sorted((tmp_path / "output").glob("*.parquet"))]
    assert names == [f"train.rows-{first:010}.parquet" for first in (0, 4, 8)]
    assert [row["index"] for row in rows(tmp_path)] == list(range(10))
    assert {row["shard"] for row in rows(tmp_path)} == {"train.parquet"}
    assert verify(str(tmp_path / "output")).problems == ()
    assert all(picture.image is not None for picture in select(str(tmp_path / "output"), 10))


def test_a_large_row_group_is_committed_in_parts(tmp_path: Path, checkpoint: Path) -> None:
    (tmp_path / "shards").mkdir()
    (tmp_path / "shards/train.parquet").write_bytes(parquet_bytes(COLUMNS, rows_per_group=5))
    assert run(over_parquet(tmp_path, checkpoint, max_samples_per_file=2)).outcome == "complete"
    assert len(list((tmp_path / "output").glob("*.parquet"))) == 6
    assert [row["index"] for row in rows(tmp_path)] == list(range(10))
    assert verify(str(tmp_path / "output")).problems == ()


@pytest.mark.parametrize(
    ("reading", "message"),
    [
        ({"text": "txt"}, r"input\.text: .*train\.parquet: column 'txt' is not there: it has"),
        ({"carry": ["json:url"]}, r"input\.carry: .*: column 'json' is not there"),
        ({"image": "caption"}, r"input\.image: .*: column 'caption' holds no images"),
    ],
)
def test_a_missing_column_is_reported_before_work_starts(
    tmp_path: Path, checkpoint: Path, reading: dict[str, Any], message: str
) -> None:
    with pytest.raises(JobError, match=message):
        plan(over_parquet(tmp_path, checkpoint, **reading))


def test_two_possible_image_columns_are_reported(tmp_path: Path, checkpoint: Path) -> None:
    (tmp_path / "shards").mkdir()
    columns = {"left": COLUMNS["image"], "right": COLUMNS["image"], "caption": COLUMNS["caption"]}
    (tmp_path / "shards/train.parquet").write_bytes(parquet_bytes(columns))
    with pytest.raises(JobError, match=r"input\.image: .*may hold images: left, right: name one"):
        plan(over_parquet(tmp_path, checkpoint))
    run(over_parquet(tmp_path, checkpoint, image="right"))
    assert [row["status"] for row in rows(tmp_path)] == ["kept"] * 10
    assert all(picture.image is not None for picture in select(str(tmp_path / "output"), 10))


def test_an_unreadable_file_is_a_failed_unit(tmp_path: Path, checkpoint: Path) -> None:
    parquet_job = over_parquet(tmp_path, checkpoint)
    (tmp_path / "shards/cut.parquet").write_bytes(parquet_bytes(COLUMNS)[:-50])
    reports: list[tuple[str, str]] = []
    summary = run(parquet_job, on_report=lambda report: reports.append((report.unit, report.error)))
    assert summary.failed == ("cut",)
    assert reports == [("cut", "shard_truncated"), ("train", "")]


def test_units_with_the_same_name_are_refused(tmp_path: Path, checkpoint: Path) -> None:
    parquet_job = over_parquet(tmp_path, checkpoint, max_samples_per_file=5)
    few = {"image": COLUMNS["image"][:2], "caption": COLUMNS["caption"][:2]}
    (tmp_path / "shards/train.rows-0000000004.parquet").write_bytes(parquet_bytes(few))
    with pytest.raises(JobError, match=r"would both become train\.rows-0000000004\.parquet"):
        plan(parquet_job)
