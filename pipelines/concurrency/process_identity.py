"""Names processes so that other processes of the same machine find out whether they have ended."""

import os
import socket
from contextlib import suppress
from functools import lru_cache
from pathlib import Path


@lru_cache(maxsize=1)
def machine() -> str:
    """Name this machine since its start, and the namespace of its process ids.

    Two containers of one machine differ, as far as they do not see each other's processes.
    """
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{boot}/{os.readlink('/proc/self/ns/pid')}"
    except OSError:  # not Linux
        return socket.gethostname()


def process(pid: int | None = None) -> str:
    """Name a process by its id and its start; "" if it has ended. By default, this process."""
    pid = os.getpid() if pid is None else pid
    with suppress(OSError, IndexError):
        # The fields follow the name, which may hold anything but ends with the last bracket.
        fields = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
        return "" if fields[0] == "Z" else f"{pid}-{fields[19]}"
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return ""
    except PermissionError:
        pass
    return str(pid)


def has_ended(on_machine: str, named: str) -> bool:
    """Return whether a process is one of this machine and has ended."""
    pid = named.partition("-")[0]
    return on_machine == machine() and pid.isdecimal() and process(int(pid)) != named
