"""Only regular files are opened, and JSON is read within bounds."""

import os
import pickle
import random
import signal
import socket
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from schemas.regular_file import NotRegularFile, open_regular, parse_json, read_json


def bind_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(os.path.relpath(path))  # the absolute path is longer than sockets allow


SPECIAL: dict[str, Callable[[Path], object]] = {
    "a pipe": os.mkfifo,
    "a link to a device": lambda path: path.symlink_to("/dev/zero"),
    "a link to a terminal": lambda path: path.symlink_to("/dev/tty"),
    "a socket": bind_socket,
}


@pytest.mark.parametrize("make", SPECIAL.values(), ids=SPECIAL)
def test_what_is_no_file_is_refused_at_once(
    tmp_path: Path, make: Callable[[Path], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    make(tmp_path / "x")
    with pytest.raises(NotRegularFile, match="Not a regular file") as caught:
        open_regular(tmp_path / "x")
    again = pickle.loads(pickle.dumps(caught.value))  # noqa: S301 - its own bytes
    assert (type(again), again.filename) == (NotRegularFile, str(tmp_path / "x"))


def test_files_are_opened_through_links_and_folders_are_not(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"content")
    (tmp_path / "link").symlink_to("file")
    with open_regular(tmp_path / "link") as file:
        assert file.read() == b"content"
    with pytest.raises(IsADirectoryError):
        open_regular(tmp_path)
    with pytest.raises(FileNotFoundError):
        open_regular(str(tmp_path / "missing"))
    before = len(os.listdir("/proc/self/fd"))
    for path in (tmp_path, "/dev/null"):
        with pytest.raises(OSError, match=r"directory|regular"):
            open_regular(path)
    assert len(os.listdir("/proc/self/fd")) == before


class Interrupt(BaseException):
    """Stands for KeyboardInterrupt, which would end the tests."""


def test_an_interrupt_at_any_point_stays_one(tmp_path: Path) -> None:
    def interrupt(*_: object) -> None:
        raise Interrupt

    (tmp_path / "file").touch()
    chance = random.Random(0)
    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        for _ in range(300):
            with suppress(Interrupt):
                signal.setitimer(signal.ITIMER_REAL, chance.uniform(1e-5, 3e-4))
                while True:
                    open_regular(tmp_path / "file").close()
    finally:
        signal.signal(signal.SIGALRM, before)


def test_json_is_read_within_bounds(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    file.write_text('{"a": [1]}')
    assert read_json(file) == {"a": [1]}
    file.write_bytes(b" " * 10_000_000 + b"1")
    with pytest.raises(ValueError, match="more than 10000000 bytes"):
        read_json(file)
    assert parse_json(b"[" * 101 + b"]" * 101) is not None
    for text in (b"[" * 102 + b"]" * 102, b"[" * 100_000, b'{"a":' * 200 + b"1" + b"}" * 200):
        with pytest.raises(ValueError, match="nested too deeply"):
            parse_json(text)
    for text in (b"", b"[", b"\xff", b"9" * 5000):
        with pytest.raises(ValueError, match=r"Exp|code|limit"):
            parse_json(text)
