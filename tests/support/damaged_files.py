"""The ways in which a copied or downloaded file of a model is damaged."""

from pathlib import Path

POINTER = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 123\n"


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def cut_by_a_byte(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-2])  # a JSON file may end with a newline


def replaced_by_a_pointer(path: Path) -> None:
    path.write_text(POINTER)


def replaced_by_a_list(path: Path) -> None:
    path.write_text("[1]")


DAMAGES = (Path.unlink, emptied, cut, cut_by_a_byte, replaced_by_a_pointer, replaced_by_a_list)
