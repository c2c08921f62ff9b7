"""Tests that writes are atomic and that listings handle links, pipes and missing folders.

What holds for every storage is in tests/stores/test_storage_contract.py.
"""

import io
import os
import re
from pathlib import Path

import pytest

from pipelines.storage.local import LocalStorage
from pipelines.storage.paths import absolute
from pipelines.storage.resolve import AnyStorage
from schemas.errors import JobError

STORAGE = LocalStorage()


def paths(folder: Path, recursive: bool = True) -> list[str]:
    return [os.path.relpath(e.path, folder) for e in STORAGE.list(str(folder), recursive)]


@pytest.mark.parametrize("durable", [True, False])
def test_a_written_file_can_be_read(tmp_path: Path, durable: bool) -> None:
    path = str(tmp_path / "new" / "folder" / "a.parquet")
    STORAGE.write_bytes(path, b"first", durable)
    STORAGE.write_bytes(path, b"second", durable)
    assert STORAGE.read_bytes(path) == b"second"
    assert paths(tmp_path) == ["new/folder/a.parquet"]


def test_a_file_where_a_folder_must_be_is_named(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"kept")
    for path in (file / "a", file / "folder/b"):
        message = re.escape(
            f"{file}: is a file where a folder must be: move it away, or choose another"
        )
        with pytest.raises(JobError, match=f"^{message}$"):
            STORAGE.write_bytes(str(path), b"")
        with pytest.raises(JobError, match=f"^{message}$"):
            STORAGE.create(str(path), b"")
        STORAGE.delete(str(path))
    assert file.read_bytes() == b"kept"


def test_a_folder_where_a_file_must_be_is_named(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    with pytest.raises(JobError, match=r"/a: is a folder where a file must be: move it away$"):
        STORAGE.write_bytes(f"{tmp_path}/a", b"")
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_a_file_is_visible_only_when_it_is_complete(tmp_path: Path) -> None:
    class Watching(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            (name,) = os.listdir(tmp_path)
            assert name.startswith(".")
            assert name.endswith(".tmp")
            return super().read(size)

    STORAGE.write(str(tmp_path / "a.parquet"), Watching(b"content"))
    assert os.listdir(tmp_path) == ["a.parquet"]


def test_listing_a_missing_folder_or_a_file_is_empty(tmp_path: Path) -> None:
    STORAGE.write_bytes(str(tmp_path / "file"), b"")
    assert paths(tmp_path / "missing") == paths(tmp_path / "file") == []


def test_a_version_changes_with_the_content(tmp_path: Path) -> None:
    path = str(tmp_path / "a")
    versions = set()
    for content in (b"1", b"22"):
        STORAGE.write_bytes(path, content)
        versions.add(next(STORAGE.list(str(tmp_path))).version)
    os.utime(path, (1, 1))
    versions.add(next(STORAGE.list(str(tmp_path))).version)
    assert len(versions) == 3


def test_links_are_followed_except_loops_and_broken_links(tmp_path: Path) -> None:
    STORAGE.write_bytes(str(tmp_path / "a" / "file"), b"")
    (tmp_path / "a" / "circle").symlink_to(tmp_path)
    (tmp_path / "b").symlink_to(tmp_path / "a")
    (tmp_path / "nowhere").symlink_to(tmp_path / "missing")
    (tmp_path / "link").symlink_to(tmp_path / "a" / "file")
    assert paths(tmp_path) == ["a/file", "b/file", "link"]


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("hdfs://corpus/a.tar", "^hdfs://corpus/a.tar: hdfs:// cannot be read: mount"),
        ("gcs://corpus/a.tar", "^gcs://corpus/a.tar: gcs:// cannot be read: write gs://"),
        ("pipe:cat a.tar", "^pipe: is refused, because a job runs no commands"),
        (" pipe:cat a.tar", "^pipe: is refused, because a job runs no commands"),
    ],
)
def test_unsupported_addresses_are_refused(path: str, message: str) -> None:
    with pytest.raises(JobError, match=message):
        AnyStorage().open(path)


def test_paths_are_made_absolute(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/home/me")
    given = ("a//b/../c", "/x/", "file:///x/y", "~/z")
    assert [absolute(path) for path in given] == [f"{tmp_path}/a/c", "/x", "/x/y", "/home/me/z"]


def test_links_can_be_listed_without_following_them(tmp_path: Path) -> None:
    STORAGE.write_bytes(str(tmp_path / "folder/a"), b"a")
    (tmp_path / "b").symlink_to("folder/a")
    (tmp_path / "c").symlink_to("nowhere")
    (tmp_path / "d").symlink_to("folder")
    os.mkfifo(tmp_path / "e")
    followed = {e.path: e.is_file for e in STORAGE.list(f"{tmp_path}/")}
    assert followed == {f"{tmp_path}/{name}": name != "e" for name in ("b", "d/a", "e", "folder/a")}
    entries = {e.path: (e.size, e.is_file) for e in STORAGE.list(f"{tmp_path}/", True, False)}
    links = {f"{tmp_path}/{name}": (0, False) for name in ("b", "c", "d/", "e")}
    assert entries == {**links, f"{tmp_path}/folder/a": (1, True)}


def test_an_entry_is_that_of_the_listing(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"1234")
    os.mkfifo(tmp_path / "pipe")
    entries = list(STORAGE.list(str(tmp_path)))
    assert [STORAGE.entry(entry.path) for entry in entries] == entries
    assert [entry.is_file for entry in entries] == [True, False]
    assert STORAGE.entry(str(tmp_path / "b")) is None
    assert STORAGE.entry(str(tmp_path / "a" / "b")) is None
    assert STORAGE.entry(str(tmp_path / ("c" * 300))) is None  # no file can have this name


def test_the_version_of_an_entry_changes_with_the_content(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"1234")
    os.utime(path, (1, 1))
    before = STORAGE.entry(str(path))
    path.write_bytes(b"5678")
    after = STORAGE.entry(str(path))
    assert before is not None
    assert after is not None
    assert (before.size, after.size) == (4, 4)
    assert before.version != after.version


def test_a_listing_reads_a_folder_only_when_it_reaches_it(tmp_path: Path) -> None:
    for name in ("a", "b/c", "d"):
        STORAGE.write_bytes(str(tmp_path / name), b"")
    listing = STORAGE.list(str(tmp_path))
    assert next(listing).path == f"{tmp_path}/a"
    (tmp_path / "b/c").rename(tmp_path / "b/later")
    (tmp_path / "d").unlink()
    assert [entry.path for entry in listing] == [f"{tmp_path}/b/later"]


def test_a_listing_of_deep_folders_is_sorted_by_path(tmp_path: Path) -> None:
    names = ["a", "a-", "a.b/c", "a.b.c", "a/b", "b/" + "a/" * 100 + "c", "b/a-"]
    for name in names[1:]:
        STORAGE.write_bytes(str(tmp_path / name), b"")
    assert paths(tmp_path) == sorted(names[1:])
    assert next(entry.path for entry in STORAGE.list(f"{tmp_path}/b/")) == f"{tmp_path}/b/a-"
