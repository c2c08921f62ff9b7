"""A shard that storage does not give fails alone; where storage gives none, the machine fails."""

import errno
from pathlib import Path
from typing import Any

import pytest
from support.sample_data import images_column, job, jpeg, pairs, parquet_bytes, write_shard
from support.unreadable_storage import UnreadableStorage

from pipelines.config.job import Job
from pipelines.operations.run import run
from pipelines.operations.status import status
from pipelines.operations.verify import verify
from pipelines.reading.parquet import split_parquet
from pipelines.storage.local import LocalStorage
from schemas.errors import MachineFault
from schemas.sample import Unit

FORBIDDEN = "shards/forbidden"  # part of a path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with three shards of 30 samples."""
    for number, name in enumerate(("a", "forbidden", "z")):
        write_shard(tmp_path / f"shards/{name}.tar", pairs(30, number))
    return tmp_path


def filtering(folder: Path, **given: Any) -> Job:
    """A job without a model, which is quick."""
    shards = {"shards": [f"{folder}/shards/*.tar"], "max_samples_per_file": 10, **given}
    keys: dict[str, Any] = {
        "model": None,
        "tasks": {},
        "max_error_rate": 1.0,
        "runner": {"kind": "local"},
    }
    return job(folder, input=shards, filters=[{"kind": "image_size", "min_side": 8}], **keys)


def control_files(folder: Path, kind: str) -> list[str]:
    return sorted(path.name for path in (folder / "output/_shardmill" / kind).glob("*"))


@pytest.mark.parametrize(
    ("code", "readable", "on_bad_shard", "reason"),
    [
        (errno.EACCES, None, "fail", "shard_permission_denied"),
        (errno.EPERM, None, "salvage", "shard_permission_denied"),
        (errno.EIO, None, "fail", "shard_read_failed"),
        (errno.EISDIR, 0, "salvage", "shard_read_failed"),
        (errno.EIO, 20_000, "fail", "shard_read_failed"),
        (errno.ESTALE, 20_000, "salvage", "shard_read_failed"),
    ],
)
def test_one_shard_that_cannot_be_read_fails_alone(
    folder: Path, code: int, readable: int | None, on_bad_shard: str, reason: str
) -> None:
    storage = UnreadableStorage(FORBIDDEN, code, readable)
    small = filtering(folder, on_bad_shard=on_bad_shard)
    for _ in range(2):
        summary = run(small, storage=storage)
        assert (summary.outcome, summary.failed, summary.units_committed) == (
            "failed",
            ("forbidden",),
            2,
        )
        (failure,) = status(small.output).failures
        assert (failure.unit, failure.error) == ("forbidden", reason)
        assert control_files(folder, "attempts") == []
    summary = run(small)  # the shard can be read again
    assert (summary.outcome, summary.units_committed) == ("complete", 3)
    assert verify(small.output).problems == ()


@pytest.mark.parametrize("readable", [None, 0])
def test_where_no_shard_can_be_read_the_machine_fails(folder: Path, readable: int | None) -> None:
    small = filtering(folder)
    with pytest.raises(MachineFault, match=r"no shard can be read here: .*\.tar: shard_read_faile"):
        run(small, storage=UnreadableStorage("/shards/", errno.EIO, readable))
    assert control_files(folder, "attempts") == []
    assert control_files(folder, "failed") == []
    assert status(small.output).committed == 0
    assert run(small).outcome == "complete"


def test_all_shards_but_one_may_fail(folder: Path) -> None:
    for path in (folder / "shards").glob("[af]*.tar"):
        path.rename(path.with_name(f"forbidden-{path.name}"))
    summary = run(filtering(folder), storage=UnreadableStorage(FORBIDDEN))
    assert (len(summary.failed), summary.units_committed) == (2, 1)


def test_a_damaged_shard_shows_that_storage_works(folder: Path) -> None:
    (folder / "shards/a.tar").write_bytes(b"damaged")
    (folder / "shards/z.tar").unlink()
    summary = run(filtering(folder), storage=UnreadableStorage(FORBIDDEN))
    assert summary.failed == ("a", "forbidden")


def test_the_only_shard_of_a_job_fails_by_name(folder: Path) -> None:
    small = filtering(folder, shards=f"{folder}/shards/forbidden.tar")
    summary = run(small, storage=UnreadableStorage(FORBIDDEN))
    assert (summary.outcome, summary.failed) == ("failed", ("forbidden",))


@pytest.mark.parametrize("code", [errno.EMFILE, errno.ENFILE, errno.ENOMEM])
def test_a_machine_without_resources_fails_as_a_machine(folder: Path, code: int) -> None:
    with pytest.raises(MachineFault):
        run(filtering(folder), storage=UnreadableStorage(FORBIDDEN, code))
    assert control_files(folder, "failed") == []


def test_an_output_that_cannot_be_written_is_the_machines_fault(folder: Path) -> None:
    class FullStorage(LocalStorage):
        def write(self, path: str, content: Any, durable: bool = True) -> str:
            if path.endswith("a.00000.parquet"):
                raise OSError(errno.EACCES, "Permission denied", path)
            return super().write(path, content, durable)

    with pytest.raises(MachineFault, match="Permission denied"):
        run(filtering(folder), storage=FullStorage())


def test_a_file_of_a_folder_that_cannot_be_read_fails_its_unit(tmp_path: Path) -> None:
    for name in ("forbidden", "other"):
        (tmp_path / "shards" / name).mkdir(parents=True)
        for number in range(3):
            (tmp_path / f"shards/{name}/{number}.jpg").write_bytes(jpeg(24, 24, number))
    small = filtering(tmp_path, shards=[f"{tmp_path}/shards/*/"], text=None)
    summary = run(small, storage=UnreadableStorage(f"{FORBIDDEN}/1"))
    assert summary.failed == ("forbidden",)
    (failure,) = status(small.output).failures
    assert failure.error == "shard_permission_denied"


@pytest.mark.parametrize("readable", [None, 0, 400])
def test_a_parquet_shard_that_cannot_be_read_is_one_unit(
    tmp_path: Path, readable: int | None
) -> None:
    path = tmp_path / "shards/forbidden.parquet"
    path.parent.mkdir()
    images = images_column([jpeg(24, 24, number) for number in range(30)])
    path.write_bytes(parquet_bytes({"image": images}, rows_per_group=5))
    unit = Unit("forbidden", str(path), path.name, path.stat().st_size, "")
    given = filtering(tmp_path, text=None).input
    assert len(split_parquet(unit, LocalStorage(), given)) == 3
    assert split_parquet(unit, UnreadableStorage(FORBIDDEN, readable=readable), given) == [unit]


def test_verify_does_not_call_a_file_damaged_that_it_may_not_read(folder: Path) -> None:
    small = filtering(folder)
    run(small)
    problems = verify(small.output, UnreadableStorage("output/a.00000")).problems
    assert problems[0] == "a.00000.parquet: cannot be read: Permission denied: make it readable"
