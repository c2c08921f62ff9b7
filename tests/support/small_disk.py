"""Mounts a small file system in memory, which a test fills or makes read-only."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def why_unavailable() -> str | None:
    """Return the reason why file systems cannot be mounted here, or None."""
    if os.geteuid() != 0:
        return "mounting needs root"
    return None if _mount("--fake", "-t", "tmpfs", "none", "/mnt") else "nothing can be mounted"


@contextmanager
def small_disk(folder: Path, size: int) -> Iterator[Path]:
    """Mount a file system of `size` bytes at a folder, which is made, until the context ends."""
    folder.mkdir()
    assert _mount("-t", "tmpfs", "-o", f"size={size}", "none", str(folder))
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)


def make_read_only(folder: Path) -> None:
    assert _mount("-o", "remount,ro", str(folder))


def make_writable(folder: Path) -> None:
    assert _mount("-o", "remount,rw", str(folder))


def _mount(*arguments: str) -> bool:
    done = subprocess.run(["mount", *arguments], check=False, capture_output=True)
    return done.returncode == 0
