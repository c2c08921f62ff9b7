"""Runs a command that ends with the process that started this one, even if that one is killed.

    python guard.py FOLDER COMMAND...

The command's output goes to FOLDER/log. At the end, which is the end of stdin or of the parent, the
command and its children are killed, and FOLDER is deleted.
"""

import os
import select
import shutil
import signal
import subprocess
import sys
from contextlib import suppress


def main(folder: str, command: list[str]) -> None:
    parent = os.getppid()
    with open(os.path.join(folder, "log"), "wb") as log:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=folder,
            start_new_session=True,
        )
    while os.getppid() == parent:  # a forked child of the parent may keep stdin open
        if select.select([sys.stdin], [], [], 1)[0]:
            break
        if process.poll() is not None:  # FOLDER stays, so that its log can be read
            sys.exit(process.returncode & 0xFF or 1)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)  # the end of the parent decides
    main(sys.argv[1], sys.argv[2:])
