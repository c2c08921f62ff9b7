"""Shardmill's command line as a process of its own, for tests that kill or interrupt it."""

import signal
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def start(job_file: Path, output: Path, *settings: str) -> "subprocess.Popen[str]":
    """A run into that folder, begun; its errors can be read."""
    command = [sys.executable, "-m", "shardmill", "run", str(job_file), "--output", str(output)]
    for setting in settings:
        command += ["--set", setting]
    return subprocess.Popen(
        command,
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=_heed_interrupts,  # noqa: PLW1509 - no threads here
    )


def _heed_interrupts() -> None:
    """What a shell runs in the background ignores Ctrl-C, and so would what it starts."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
