"""What hangs where nothing can interrupt it ends its process."""

import subprocess
import sys

from pipelines.concurrency.watchdog import SICK, deadline

PROGRAM = """
import threading
from pipelines.concurrency.watchdog import deadline
with deadline({seconds}, "answering a block"):
    {work}
print("done")
"""


def ended(seconds: float | None, work: str) -> "subprocess.CompletedProcess[str]":
    program = PROGRAM.format(seconds=seconds, work=work)
    command = [sys.executable, "-c", program]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_work_that_hangs_ends_the_process_and_says_so() -> None:
    hung = ended(0.1, "threading.Event().wait()")
    assert (hung.returncode, hung.stdout) == (SICK, "")
    assert "answering a block took longer than runner.block_seconds = 0.1" in hung.stderr


def test_work_in_time_and_work_without_a_deadline_goes_on() -> None:
    assert ended(60, "pass").stdout == "done\n"
    with deadline(None, "anything"):
        pass
