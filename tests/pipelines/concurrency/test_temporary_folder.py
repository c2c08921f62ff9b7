"""Temporary folders are deleted at the end, and by the next process if theirs was killed."""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pipelines.concurrency import process_identity
from pipelines.concurrency.temporary_folder import temporary_folder

PROGRAM = """
import sys, tempfile
tempfile.tempdir = sys.argv[1]
from pipelines.concurrency.temporary_folder import temporary_folder
with temporary_folder() as folder:
    (folder / "samples").write_text("a text of a sample")
    print(folder, flush=True)
    sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


@contextmanager
def other_process(root: Path) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """Run a process that has a temporary folder; it is killed at the end."""
    words = [sys.executable, "-c", PROGRAM, str(root)]
    with subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout
            yield process, Path(process.stdout.readline().strip())
        finally:
            process.kill()


def test_a_folder_is_deleted_at_the_end(root: Path) -> None:
    with temporary_folder() as folder:
        (folder / "file").write_bytes(b"a")
        assert [*root.iterdir()] == [folder]
    assert not list(root.iterdir())


def test_a_folder_of_a_killed_process_is_deleted_and_that_of_a_living_one_stays(
    root: Path,
) -> None:
    with other_process(root) as (process, folder), other_process(root) as (_, living):
        with temporary_folder() as own:
            assert set(root.iterdir()) == {folder, living, own}
        process.kill()
        process.wait()
        assert (folder / "samples").exists()
        with temporary_folder() as own:
            assert set(root.iterdir()) == {living, own}


def test_folders_that_may_be_of_somebody_else_stay(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with other_process(root) as (process, folder):
        process.kill()
        process.wait()
    (root / "shardmill-of-nobody").mkdir()
    (root / "shardmill-file").write_bytes(b"")
    (root / "shardmill-link").symlink_to(folder)
    (root / "other").mkdir()
    shutil.copy(folder / "owner", root / "other")
    (root / "shardmill-damaged").mkdir()
    (root / "shardmill-damaged/owner").write_bytes(b"\xff")
    (root / "shardmill-empty").mkdir()
    (root / "shardmill-empty/owner").write_bytes(b"")
    before = set(root.iterdir())
    with monkeypatch.context() as patch:
        patch.setattr(process_identity, "machine", lambda: "another machine")
        with temporary_folder() as own:
            assert set(root.iterdir()) == {*before, own}
    with temporary_folder() as own:
        assert set(root.iterdir()) == {*before, own} - {folder}
