"""Bounds the memory of a process, so that a small hostile file cannot fill the machine's."""

import resource
from pathlib import Path


def limit_further_memory(most: int) -> None:
    """Let this process take at most `most` bytes more than it has; then it gets MemoryError.

    Shared libraries do not count. Where the system does not tell how much memory the process has,
    nothing is limited.
    """
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        return
    in_use = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmData"))
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    soft = in_use * 1024 + most
    if hard != resource.RLIM_INFINITY:
        soft = min(soft, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))
