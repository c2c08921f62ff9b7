"""Reads the peak of resident memory."""

import re
from pathlib import Path

_PEAK = re.compile(r"VmHWM:\s+([0-9]+) kB")


def peak_memory(process: int | None = None) -> int:
    """Return the peak resident memory of a process so far, in bytes; by default, of this one.

    Unlike ru_maxrss of getrusage, it does not begin with the peak of the process that started it.
    A process that has ended has 0. Raises FileNotFoundError or ProcessLookupError without it.
    """
    name = "self" if process is None else process
    found = _PEAK.search(Path(f"/proc/{name}/status").read_text(encoding="utf-8"))
    return int(found[1]) << 10 if found else 0
