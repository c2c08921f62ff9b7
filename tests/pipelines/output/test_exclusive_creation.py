"""A file system that cannot create a file only once is told before work begins."""

import errno
from pathlib import Path
from typing import Any

import pytest
from support.sample_data import job, pairs, write_shard

from pipelines.operations.run import run
from pipelines.output.creation_probe import check_folder_creates_once
from pipelines.output.layout import Layout
from pipelines.output.mounted_stores import mounted_store_warning
from pipelines.planning.plan import plan
from pipelines.storage.local import LocalStorage
from schemas.errors import JobError


def test_a_folder_is_probed_and_left_as_it_was(tmp_path: Path) -> None:
    layout = Layout(str(tmp_path))
    check_folder_creates_once(layout, LocalStorage())
    assert list(Path(layout.control).iterdir()) == []


class Overwriting(LocalStorage):
    """A file system that creates a file a second time."""

    def create(self, path: str, content: bytes, durable: bool = True) -> None:
        self.write_bytes(path, content, durable)


class Lacking(LocalStorage):
    """A file system that fails with a certain error when a new file is created."""

    number = errno.EOPNOTSUPP

    def create(self, path: str, content: bytes, durable: bool = True) -> None:
        raise OSError(self.number, "not supported", path)


@pytest.mark.parametrize("storage", [Overwriting(), Lacking()])
def test_a_run_refuses_a_folder_in_which_two_runs_could_meet(
    storage: LocalStorage, tmp_path: Path
) -> None:
    write_shard(tmp_path / "shards/0.tar", pairs(2))
    filters = [{"kind": "text_quality", "min_words": 1}]
    made = job(tmp_path, model=None, tasks={}, filters=filters)
    with pytest.raises(
        JobError, match=r"in a file system that c.* choose a folder on another disk"
    ) as told:
        run(made, storage=storage)
    assert "\n" not in str(told.value)
    assert not list((tmp_path / "output").rglob("*.*"))


@pytest.mark.parametrize("storage", [Overwriting(), Lacking()])
def test_a_run_that_joins_an_output_probes_its_own_mount(
    storage: LocalStorage, tmp_path: Path
) -> None:
    for number in range(2):
        write_shard(tmp_path / f"shards/{number}.tar", pairs(2))
    made = job(tmp_path, model=None, tasks={}, filters=[{"kind": "text_quality", "min_words": 1}])
    run(made, limit_units=1)
    before = sorted((tmp_path / "output").rglob("*"))
    with pytest.raises(
        JobError, match=r"in a file system that c.* choose a folder on another disk"
    ):
        run(made, storage=storage)
    assert sorted((tmp_path / "output").rglob("*")) == before


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    storage = Lacking()
    storage.number = errno.EROFS
    with pytest.raises(JobError, match="cannot be written: not supported: choose another folder"):
        check_folder_creates_once(Layout(str(tmp_path)), storage)


@pytest.mark.parametrize(
    ("mount", "name"),
    [
        ("s3fs {} fuse.s3fs rw 0 0", "s3fs"),
        ("mountpoint-s3 {} fuse rw 0 0", "mountpoint-s3"),
        ("bucket {} fuse.gcsfuse rw 0 0", "gcsfuse"),
        ("remote:bucket {} fuse.rclone rw 0 0", "rclone"),
        ("blobfuse2 {} fuse rw 0 0", "blobfuse2"),
        ("server:/export {} nfs4 rw 0 0", None),
        ("JuiceFS:jfs {} fuse.juicefs rw 0 0", None),
        ("/dev/sda1 {} ext4 rw 0 0", None),
    ],
)
def test_a_mounted_object_store_is_told(mount: str, name: str | None, tmp_path: Path) -> None:
    folder = tmp_path / "a mount"
    mounts = tmp_path / "mounts"
    point = str(folder).replace(" ", "\\040")
    mounts.write_text(f"/dev/root / ext4 rw 0 0\n{mount.format(point)}\n")
    warning = mounted_store_warning(f"{folder}/output", mounts)
    assert (warning is None) == (name is None)
    assert warning is None or f"that {name} mounts" in warning
    assert mounted_store_warning(f"{folder}-beside/output", mounts) is None
    assert mounted_store_warning("s3://bucket/output", mounts) is None
    assert mounted_store_warning(str(folder), tmp_path / "none") is None


def test_a_folder_on_a_disk_that_is_mounted_in_a_store_is_none(tmp_path: Path) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(f"s3fs {tmp_path} fuse.s3fs rw 0 0\n/dev/sdb {tmp_path}/disk ext4 rw 0 0\n")
    assert mounted_store_warning(f"{tmp_path}/disk/output", mounts) is None


def test_a_plan_tells_it_and_writes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_shard(tmp_path / "shards/0.tar", pairs(2))
    filters: list[dict[str, Any]] = [{"kind": "text_quality", "min_words": 1}]
    made = job(tmp_path, model=None, tasks={}, filters=filters)
    mounts = tmp_path / "mounts"
    mounts.write_text(f"s3fs {tmp_path} fuse.s3fs rw 0 0\n")
    monkeypatch.setattr("pipelines.output.mounted_stores._MOUNTS", mounts)
    lines: list[str] = []
    plan(made, on_notice=lines.append)
    assert [line.partition(" mounts")[0].endswith("that s3fs") for line in lines] == [True]
    assert not (tmp_path / "output").exists()
