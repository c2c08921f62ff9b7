"""Names processes so that other processes of the same machine find out whether they have ended."""

import os
import socket
from contextlib import suppress
from functools import lru_cache
from pathlib import Path


@lru_cache(maxsize=1)
def machine() -> str:
    """Name this machine since its start, and the namespaces by which it names processes.

    Two containers of one machine differ if one does not see the other's processes, or counts the
    time since the machine's start differently. Two clones of a running virtual machine, which have
    one boot id, differ by their host names.
    """
    host = socket.gethostname()
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        names = [boot, os.readlink("/proc/self/ns/pid")]
    except OSError:  # not Linux
        return host
    with suppress(OSError):  # older than Linux 5.6
        names.append(os.readlink("/proc/self/ns/time"))
    return "/".join([*names, host])


def process(pid: int | None = None) -> str:
    """Name a process by its id and its start; "" if it has ended. By default, this process.

    The name is the id alone if the process is another user's and /proc hides it (`hidepid`).
    """
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
    if on_machine != machine() or not pid.isdecimal():
        return False
    return process(int(pid)) not in (named, pid)  # of a hidden process, only the id is known
