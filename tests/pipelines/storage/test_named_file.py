"""A file that a user names is read whole, or refused in one line."""

import os
from pathlib import Path

import pytest

from pipelines.storage import named_file
from pipelines.storage.local import LocalStorage
from pipelines.storage.named_file import decode_text, read_named_file
from schemas.errors import JobError

WHERE = "--list: a.txt"


def read(folder: Path) -> bytes:
    return read_named_file("a.txt", LocalStorage(), WHERE, str(folder))


def test_the_bound_is_inclusive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(named_file, "_MOST_BYTES", 1 << 20)
    (tmp_path / "a.txt").touch()
    os.truncate(tmp_path / "a.txt", 1 << 20)
    assert read(tmp_path) == bytes(1 << 20)
    os.truncate(tmp_path / "a.txt", (1 << 20) + 1)
    with pytest.raises(JobError, match=f"^{WHERE} is larger than 1 MiB: split it$"):
        read(tmp_path)


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo, lambda _: None])
def test_what_is_no_file_is_refused(make: object, tmp_path: Path) -> None:
    make(tmp_path / "a.txt")  # type: ignore[operator]
    with pytest.raises(JobError, match=f"^{WHERE} cannot be read: .+: check the path$"):
        read(tmp_path)


def test_text_is_utf8_with_or_without_a_mark() -> None:
    assert decode_text("\ufeffé".encode(), WHERE) == decode_text("é".encode(), WHERE) == "é"
    with pytest.raises(JobError, match=f"^{WHERE} is not UTF-8 text: convert it$"):
        decode_text("é".encode("latin-1"), WHERE)
