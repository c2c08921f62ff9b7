"""Standard streams that cannot end a run: progress that cannot be written is left out.

Of the two streams, stdout holds a command's result, so a write that fails is an error there. Python
would end the program without a word for both, or with a traceback.
"""

import io
import os
import select
import sys
from typing import Any, TextIO


class StdoutUnwritable(OSError):
    """The result of a command cannot be written to stdout."""


class _Stream(io.FileIO):
    """A standard stream whose first failed write raises, and all others are left out."""

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
                raise StdoutUnwritable(error.errno, error.strerror, "standard output") from None
            return memoryview(content).nbytes


def secure_standard_streams() -> None:
    """Replace stdout and stderr by streams that do not end the program unasked.

    A stream that the caller closed leads nowhere, so that no file that is opened later gets its
    number, and with it the messages of libraries. Characters that the encoding lacks are escaped.
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
    """Let no message to stderr end this worker process."""
    sys.stderr = _text_stream(2, sys.stderr, raises=False)


def _text_stream(descriptor: int, replaced: TextIO | None, *, raises: bool) -> TextIO:
    raw = _Stream(descriptor, raises=raises)
    return io.TextIOWrapper(
        io.BufferedWriter(raw),
        encoding=replaced.encoding if replaced else "utf-8",
        errors="backslashreplace",
        line_buffering=descriptor == 2 or raw.isatty(),
    )
