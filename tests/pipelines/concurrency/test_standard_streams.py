"""Progress that cannot be written ends nothing; a result that cannot be written is an error."""

import os
import subprocess
import sys
from collections.abc import Callable

import pytest

PROGRAM = """
import os, sys
from pipelines.concurrency.standard_streams import StdoutUnwritable, secure_standard_streams

secure_standard_streams()
report, file = int(sys.argv[1]), os.open(os.devnull, os.O_RDONLY)
error = "none"
print("progress", file=sys.stderr)
os.write(report, b"%d " % (file > 2))  # a file that is opened later is no standard stream
for text in ("first \\u00e9", "second"):
    try:
        print(text, flush=True)
    except StdoutUnwritable as fault:
        error = fault.reason
print("more progress", file=sys.stderr)
os.write(report, error.encode())
"""


def redirect(*numbers: int) -> Callable[[], None]:
    """Make /dev/full the target of these streams, in the child process."""

    def change() -> None:
        full = os.open("/dev/full", os.O_WRONLY)
        for number in numbers:
            os.dup2(full, number)

    return change


def close(*numbers: int) -> Callable[[], None]:
    def change() -> None:
        for number in numbers:
            os.close(number)

    return change


def break_stdout() -> None:
    """Make stdout a pipe that nobody reads, as `| head -1` does."""
    reader, writer = os.pipe()
    os.close(reader)
    os.dup2(writer, 1)


def break_stderr() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    os.dup2(writer, 2)


NO_SPACE = "No space left on device"


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (None, "none"),
        (redirect(2), "none"),
        (close(2), "none"),
        (break_stderr, "none"),
        (close(0), "none"),
        (redirect(1), NO_SPACE),
        (redirect(1, 2), NO_SPACE),
        (close(1), "Bad file descriptor"),
        (close(0, 1, 2), "Bad file descriptor"),
        (break_stdout, "Broken pipe"),
    ],
)
def test_only_stdout_can_fail_and_only_once(change: Callable[[], None] | None, error: str) -> None:
    reader, writer = os.pipe()
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(writer)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        pass_fds=[writer],
        preexec_fn=change,  # noqa: PLW1509 - no thread of this process holds a lock
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
    )
    os.close(writer)
    out, err = process.communicate()
    with os.fdopen(reader) as report:
        assert report.read() == f"1 {error}"
    assert process.returncode == 0
    if change is None:
        assert out.splitlines() == [rb"first \xe9", b"second"]
        assert err.splitlines() == [b"progress", b"more progress"]


def test_a_full_pipe_that_does_not_wait_loses_nothing() -> None:
    program = """
import os, sys
from pipelines.concurrency.standard_streams import secure_standard_streams
os.set_blocking(1, False)
secure_standard_streams()
print("x" * 1_000_000)
"""
    result = subprocess.run([sys.executable, "-c", program], stdout=subprocess.PIPE, check=True)
    assert len(result.stdout) == 1_000_001
