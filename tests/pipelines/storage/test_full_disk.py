"""A full disk is named, with what to do about it; by real small file systems, which need root."""

from pathlib import Path

import pytest
from support.small_disk import small_disk, why_unavailable

from pipelines.pages import page_file
from pipelines.storage.local import LocalStorage
from schemas.full_disk import full_disk_advice

on_a_small_disk = pytest.mark.skipif(why_unavailable() is not None, reason=str(why_unavailable()))


@on_a_small_disk
def test_a_written_file_is_named(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 1 << 16) as disk:
        with pytest.raises(OSError, match="No space left") as raised:
            LocalStorage().write_bytes(f"{disk}/folder/a", bytes(1 << 20))
        assert raised.value.filename == f"{disk}/folder/a"
        assert full_disk_advice(raised.value) == ": free space there"
        assert [*disk.rglob("*")] == [disk / "folder"]


@on_a_small_disk
def test_a_page_is_named(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 1 << 16) as disk:
        with (
            pytest.raises(OSError, match="No space left") as raised,
            page_file(disk / "page.html") as page,
        ):
            page.write("x" * (1 << 20))
        assert raised.value.filename == str(disk / "page.html")
        assert [*disk.iterdir()] == []


def test_other_errors_have_no_such_advice() -> None:
    assert full_disk_advice(OSError(5, "Input/output error", "a")) == ""
