"""Tests that no file is committed whose rows come from two contents of a shard."""

import io
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow.parquet as pq
import pytest
from support.sample_data import images_column, job, pairs, parquet_bytes, tar_bytes
from support.small_s3 import BUCKET, SmallS3

from pipelines.adapters.steps import Fault, SampleReader
from pipelines.config.input import Input
from pipelines.config.job import Job
from pipelines.operations.run import run
from pipelines.planning.plan import plan
from pipelines.planning.resolve import resolve
from pipelines.planning.shards import find_shards
from pipelines.reading.formats import open_unit
from pipelines.storage.local import LocalStorage
from pipelines.storage.resolve import STORAGE
from pipelines.storage.storage import Entry
from schemas.errors import ShardFault, ShardUnreachable
from schemas.sample import Unit

FORMATS = ("tar", "tar.gz", "parquet", "folder")
SAMPLES = 12


class _Watched(io.RawIOBase):
    """A file that tells when it was read to its end."""

    def __init__(self, stream: BinaryIO, on_end: Callable[[], None]) -> None:
        self._stream, self._on_end = stream, on_end

    def read(self, size: int = -1) -> bytes:
        content = self._stream.read(size)
        self._on_end()
        return content

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._stream.seek(offset, whence)


class ChangingStorage(LocalStorage):
    """Calls `change` once: after so many reads of files with this ending, or after a write."""

    def __init__(self, change: Callable[[], None], *, reads: int = 0, write: str = "") -> None:
        self._change, self._reads, self._write = change, reads, write

    def open(self, path: str, version: str = "") -> Any:
        stream = super().open(path, version)
        return _Watched(stream, self._count) if "/shards/" in path else stream

    def _count(self) -> None:
        self._reads -= 1
        if self._reads == 0:
            self._change()

    def write(self, path: str, content: BinaryIO, durable: bool = True) -> str:
        version = super().write(path, content, durable)
        if self._write and path.endswith(self._write):
            self._change()
        return version


def write_shard(folder: Path, kind: str, seed: int, in_place: bool = True) -> None:
    """Write the shard, or overwrite it; `seed` decides images and texts."""
    members = list(pairs(SAMPLES, seed))
    contents = {f"shards/a.{kind}": b""}
    if kind == "parquet":
        images = images_column(content for name, content in members if name.endswith("jpg"))
        texts = [content.decode() for name, content in members if name.endswith("txt")]
        # Pages of one row in row groups of four.
        options = {"rows_per_group": 4, "data_page_size": 1, "write_batch_size": 1}
        contents = {"shards/a.parquet": parquet_bytes({"image": images, "txt": texts}, **options)}
    elif kind == "folder":
        contents = {f"shards/a/{name}": content for name, content in members}
    else:
        contents = {f"shards/a.{kind}": tar_bytes(members, gzipped=kind == "tar.gz")}
    for name, content in contents.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and in_place:
            with path.open("r+b") as file:
                file.write(content)
                file.truncate()
        else:
            path.with_name("new").write_bytes(content)
            os.replace(path.with_name("new"), path)
        if seed == 0:
            os.utime(path, (1, 1))  # a change within the clock's resolution is one too


def over(folder: Path, kind: str, **reading: Any) -> Job:
    shards = f"{folder}/shards/a/" if kind == "folder" else f"{folder}/shards/*"
    filters = [{"kind": "image_size", "min_side": 8}]
    return job(folder, input={"shards": shards, **reading}, filters=filters, model=None, tasks={})


def failures(of_job: Job, **options: Any) -> list[str]:
    reasons: list[str] = []
    run(of_job, on_report=lambda report: reasons.append(report.error), **options)
    return reasons


def texts(folder: Path) -> list[str]:
    files = sorted(folder.glob("output/*.parquet"))
    return [text for path in files for text in pq.read_table(path)["source_text"].to_pylist()]


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("in_place", [True, False])
def test_a_shard_replaced_after_planning_fails(tmp_path: Path, kind: str, in_place: bool) -> None:
    write_shard(tmp_path, kind, 0)
    reasons = failures(
        over(tmp_path, kind), on_plan=lambda _: write_shard(tmp_path, kind, 1, in_place)
    )
    assert reasons == ["shard_changed"]
    assert texts(tmp_path) == []


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("in_place", [True, False])
@pytest.mark.parametrize("on_bad_shard", ["fail", "salvage"])
def test_a_shard_overwritten_while_it_is_read_fails(
    tmp_path: Path, kind: str, in_place: bool, on_bad_shard: str
) -> None:
    write_shard(tmp_path, kind, 0)
    storage = ChangingStorage(lambda: write_shard(tmp_path, kind, 1, in_place), reads=7)
    of_job = over(tmp_path, kind, on_bad_shard=on_bad_shard)
    assert failures(of_job, storage=storage) == ["shard_changed"]
    assert texts(tmp_path) == []


@pytest.mark.parametrize("kind", ["tar", "parquet"])
def test_parts_that_were_read_before_a_change_stay(tmp_path: Path, kind: str) -> None:
    """A shard that is a row group of a Parquet file, or a tar, is committed in parts."""
    write_shard(tmp_path, kind, 0)
    storage = ChangingStorage(lambda: write_shard(tmp_path, kind, 1), write=".00000.parquet")
    reasons = failures(over(tmp_path, kind, max_samples_per_file=2), storage=storage)
    assert reasons[0] == "shard_changed"
    stored = texts(tmp_path)
    assert stored
    assert all(text.endswith("of series 0") for text in stored)
    assert len(stored) < SAMPLES


@pytest.mark.parametrize("kind", FORMATS)
def test_a_shard_that_does_not_change_is_committed(tmp_path: Path, kind: str) -> None:
    write_shard(tmp_path, kind, 0)
    assert failures(over(tmp_path, kind, max_samples_per_file=5))[0] == ""
    assert len(texts(tmp_path)) == SAMPLES


@pytest.mark.parametrize("kind", ["tar", "parquet"])
def test_a_shard_deleted_while_it_is_read_fails(tmp_path: Path, kind: str) -> None:
    write_shard(tmp_path, kind, 0)
    storage = ChangingStorage((tmp_path / f"shards/a.{kind}").unlink, reads=7)
    assert failures(over(tmp_path, kind), storage=storage) == ["shard_missing"]
    assert texts(tmp_path) == []


@pytest.mark.parametrize("kind", ["tar", "parquet"])
def test_a_unit_without_a_version_is_not_checked(tmp_path: Path, kind: str) -> None:
    write_shard(tmp_path, kind, 0)
    of_job = over(tmp_path, kind)
    (unit,) = plan(of_job).units
    write_shard(tmp_path, kind, 1)
    with open_unit(replace(unit, version=""), LocalStorage(), of_job.input) as shard:
        assert len(list(shard)) == SAMPLES
        shard.check_unchanged()
    with pytest.raises(ShardFault, match="shard_changed"):
        open_unit(unit, LocalStorage(), of_job.input)


@pytest.mark.parametrize("kind", ["tar", "parquet"])
def test_a_change_after_the_last_sample_is_the_last_thing_that_a_reader_says(
    tmp_path: Path, kind: str
) -> None:
    write_shard(tmp_path, kind, 0)
    of_job = over(tmp_path, kind)
    (unit,) = plan(of_job).units
    found = []
    for each in SampleReader(resolve(of_job)).samples(unit):
        found.append(each)
        if len(found) == SAMPLES:
            os.utime(unit.path, (2, 2))
    *_, last = found
    assert isinstance(last, Fault)
    assert last.reason == "shard_changed"
    assert len(found) == SAMPLES + 1


def test_a_version_that_storage_does_not_give_fails_the_shard_alone(tmp_path: Path) -> None:
    class Failing(LocalStorage):
        def entry(self, path: str) -> Entry | None:
            raise OSError(5, "Input/output error")

    write_shard(tmp_path, "tar", 0)
    of_job = over(tmp_path, "tar")
    (unit,) = plan(of_job).units
    with pytest.raises(ShardUnreachable, match="shard_read_failed"):
        open_unit(unit, Failing(), of_job.input)


def test_a_preview_of_some_samples_checks_the_start_alone(tmp_path: Path) -> None:
    write_shard(tmp_path, "tar", 0)
    (unit,) = plan(over(tmp_path, "tar")).units
    with open_unit(unit, LocalStorage(), Input(shards=unit.path)) as shard:
        next(iter(shard))
        os.utime(unit.path, (2, 2))
        next(iter(shard))


def test_a_file_of_a_folder_that_changes_to_the_same_size_is_noticed(tmp_path: Path) -> None:
    write_shard(tmp_path, "folder", 0)
    changed = tmp_path / "shards/a/000011.txt"
    storage = ChangingStorage(lambda: os.utime(changed, (2, 2)), reads=7)
    assert failures(over(tmp_path, "folder"), storage=storage) == ["shard_changed"]
    assert texts(tmp_path) == []


def bucket_unit(server: SmallS3, name: str, seed: int) -> Unit:
    """Put a shard into a bucket and return it as a unit."""
    content = tar_bytes(pairs(SAMPLES, seed))
    if name.endswith(".parquet"):
        images = images_column(jpg for key, jpg in pairs(SAMPLES, seed) if key.endswith("jpg"))
        texts = [f"picture {index} of series {seed}" for index in range(SAMPLES)]
        content = parquet_bytes({"image": images, "txt": texts})
    server.objects[BUCKET][name] = content
    (unit,) = find_shards([f"s3://{BUCKET}/{name}"])
    return unit


@pytest.mark.parametrize("name", ["a.tar", "a.parquet"])
def test_an_object_is_read_in_the_version_of_the_plan_or_not_at_all(
    name: str, small_s3: SmallS3
) -> None:
    unit = bucket_unit(small_s3, name, 0)
    given = Input(shards=unit.path, text="txt")
    with open_unit(unit, STORAGE, given) as opened:
        samples = list(opened)
        bucket_unit(small_s3, name, 1)  # too late to matter: all bytes are of the planned version
        opened.check_unchanged()
        assert opened.digest()
    assert samples[0].fields["txt"] == b"picture 0 of series 0"
    with open_unit(unit, STORAGE, given) as opened, pytest.raises(ShardFault) as fault:
        list(opened)
    assert fault.value.reason == "shard_changed"
    del small_s3.objects[BUCKET][name]
    with open_unit(unit, STORAGE, given) as opened, pytest.raises(ShardFault) as fault:
        list(opened)
    assert fault.value.reason == "shard_missing"
