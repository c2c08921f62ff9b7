"""What a command costs: CPU time and memory of its whole tree of processes."""

import os
import re
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

_EVERY = 0.1  # seconds between two looks at the tree
_HIGHEST = re.compile(r"VmHWM:\s+([0-9]+) kB")
_GONE = (psutil.NoSuchProcess, psutil.AccessDenied, FileNotFoundError, ProcessLookupError)


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one run, from the start of the interpreter to its end."""

    cpu: float  # seconds, user and system, of all processes
    wall: float  # seconds
    memory: int  # bytes resident at the peak, what processes share counted once
    killed: bool = False


def measure(
    command: Sequence[str],
    environment: Mapping[str, str] = {},
    kill_when: Callable[[], bool] = lambda: False,
) -> Cost:
    """Run a command to its end; CalledProcessError, with what it printed, where it fails.

    `environment` is added to this process's own. Where `kill_when` says so, ten times a second
    asked, the command and all below it are killed at once.

    CPU time of one process, and of children it waited for, is the kernel's own account. Those it
    did not wait for (an engine's daemons) are looked at ten times a second, so that of each the
    last tenth is missing: in favour of the engine. Memory is the highest sum of proportional set
    sizes seen, or the kernel's own peak of one process where that is more.
    """
    started = time.perf_counter()
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            command, stdout=output, stderr=subprocess.STDOUT, env={**os.environ, **environment}
        )
        tree = _Tree(psutil.Process(process.pid))
        killed = False
        while not (ended := os.wait4(process.pid, os.WNOHANG))[0]:
            tree.look()
            if not killed and kill_when():
                tree.kill()
                killed = True
            time.sleep(_EVERY)
        _, status, usage = ended
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode and not killed:
            output.seek(0)
            said = output.read().decode(errors="replace")
            raise subprocess.CalledProcessError(process.returncode, list(command), said)
    collected = usage.ru_utime + usage.ru_stime
    wall = time.perf_counter() - started
    return Cost(max(collected, sum(tree.cpu.values())), wall, tree.memory, killed)


@dataclass(slots=True)
class _Tree:
    """What was seen of a process and all below it."""

    root: psutil.Process
    cpu: dict[tuple[int, float], float] = field(default_factory=dict)  # pid and start -> seconds
    memory: int = 0  # bytes

    def look(self) -> None:
        resident = 0
        for process in self._now():
            with suppress(*_GONE):
                times = process.cpu_times()
                self.cpu[process.pid, process.create_time()] = times.user + times.system
                resident += process.memory_full_info().pss
                self.memory = max(self.memory, _highest(process.pid))
        self.memory = max(self.memory, resident)

    def kill(self) -> None:
        """All at once, as a machine goes: they are stopped first, so that none starts another."""
        stopped: dict[int, psutil.Process] = {}
        while new := [each for each in self._now() if each.pid not in stopped]:
            for process in new:
                stopped[process.pid] = process
                with suppress(*_GONE):
                    process.suspend()
        for process in stopped.values():
            with suppress(*_GONE):
                process.kill()
        psutil.wait_procs([each for each in stopped.values() if each != self.root])

    def _now(self) -> list[psutil.Process]:
        with suppress(*_GONE):
            return [self.root, *self.root.children(recursive=True)]
        return []


def _highest(pid: int) -> int:
    """Most bytes a process had resident so far."""
    found = _HIGHEST.search(Path(f"/proc/{pid}/status").read_text(encoding="utf-8"))
    return int(found[1]) << 10 if found else 0
