"""Runs Shardmill's command line in a process of its own, which tests kill or interrupt."""

import signal
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def start(job_file: Path, output: Path, *settings: str) -> "subprocess.Popen[str]":
    """Start a run into a folder; its stderr can be read."""
    command = [sys.executable, "-m", "shardmill", "run", str(job_file), "--output", str(output)]
    for setting in settings:
        command += ["--set", setting]
    return subprocess.Popen(
        command,
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=_accept_interrupts,  # noqa: PLW1509 - this process has no threads
    )


def _accept_interrupts() -> None:
    """Reset SIGINT: children of a shell's background process inherit that it is ignored."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
