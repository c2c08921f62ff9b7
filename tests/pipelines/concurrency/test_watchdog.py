"""A deadline ends the process when the work inside hangs."""

import subprocess
import sys

from pipelines.concurrency.process_exit import WORKER_FAULT
from pipelines.concurrency.watchdog import deadline

PROGRAM = """
import threading
from pipelines.concurrency.watchdog import deadline
with deadline({seconds}, "answering a block"):
    {work}
print("done")
"""


def run_with_deadline(seconds: float | None, work: str) -> "subprocess.CompletedProcess[str]":
    program = PROGRAM.format(seconds=seconds, work=work)
    command = [sys.executable, "-c", program]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_hung_work_ends_the_process_with_a_message() -> None:
    hung = run_with_deadline(0.1, "threading.Event().wait()")
    assert (hung.returncode, hung.stdout) == (WORKER_FAULT, "")
    assert "answering a block took longer than runner.block_seconds = 0.1" in hung.stderr


def test_work_within_its_deadline_or_without_one_finishes() -> None:
    assert run_with_deadline(60, "pass").stdout == "done\n"
    with deadline(None, "anything"):
        pass
