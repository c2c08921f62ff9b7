"""Standard streams that let a run go on if a write to stderr fails.

Progress that cannot be written to stderr is left out. stdout holds the result of a command, so the
first write to stdout that fails is an error. Without these streams, Python would end the program
without a message, or with a traceback.
"""

import io
import os
import select
import sys
from typing import Any, TextIO


class StdoutUnwritable(Exception):
    """The error of a command's result that cannot be written to stdout.

    It is no OSError: typer would end the program itself if the reader of a pipe is gone.
    """

    def __init__(self, number: int | None, reason: str) -> None:
        super().__init__(number, reason)
        self.errno = number
        self.reason = reason


class _Stream(io.FileIO):
    """A standard stream that leaves out what cannot be written.

    With `raises`, the first write that fails raises StdoutUnwritable.
    """

    def __init__(self, descriptor: int, *, raises: bool) -> None:
        super().__init__(descriptor, "w", closefd=False)
        self._raises = raises

    def write(self, content: Any) -> int:
        try:
            # None: a pipe that was set not to wait is full.
            while (written := super().write(content)) is None:
                select.select([], [self], [])
            return written
        except OSError as error:
            if self._raises:
                self._raises = False
                raise StdoutUnwritable(error.errno, error.strerror or str(error)) from None
            return memoryview(content).nbytes


def secure_standard_streams() -> None:
    """Replace stdout and stderr by streams whose failed writes do not end the program unasked.

    A standard stream that the caller closed is first opened on /dev/null, so that no file that is
    opened later gets its number, and with it the messages of libraries. A write to a stdout that
    was closed still fails, because nobody can read the result. Characters that the encoding lacks
    are escaped.
    """
    for descriptor, mode in ((0, os.O_RDONLY), (1, os.O_RDONLY), (2, os.O_WRONLY)):
        try:
            os.fstat(descriptor)
        except OSError:
            # The lowest free number is taken. Writing to stdout fails: its reader does not exist.
            os.open(os.devnull, mode)
    sys.stdout = _text_stream(1, sys.stdout, raises=True)
    sys.stderr = _text_stream(2, sys.stderr, raises=False)


def secure_stderr() -> None:
    """Replace stderr in a worker process by a stream that leaves out what cannot be written."""
    sys.stderr = _text_stream(2, sys.stderr, raises=False)


def _text_stream(descriptor: int, replaced: TextIO | None, *, raises: bool) -> TextIO:
    raw = _Stream(descriptor, raises=raises)
    return io.TextIOWrapper(
        io.BufferedWriter(raw),
        encoding=replaced.encoding if replaced else "utf-8",
        errors="backslashreplace",
        line_buffering=descriptor == 2 or raw.isatty(),
    )
