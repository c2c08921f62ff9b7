"""Measure CPU time and memory of a command and all its descendant processes."""

import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import psutil

from inference.benchmarking.peak_memory import peak_memory

_EVERY = 0.1  # seconds between two samples of the process tree
_GONE = (psutil.NoSuchProcess, psutil.AccessDenied, FileNotFoundError, ProcessLookupError)


@dataclass(frozen=True, slots=True)
class Cost:
    """The cost of one run, from the start of its interpreter to its end."""

    cpu: float  # seconds, user and system, of all processes
    wall: float  # seconds
    memory: int  # bytes resident at the peak; shared pages count once
    killed: bool = False


def measure(
    command: Sequence[str],
    environment: Mapping[str, str] = {},
    kill_when: Callable[[], bool] = lambda: False,
) -> Cost:
    """Run a command to its end; a failing command raises CalledProcessError with its output.

    `environment` is added to the environment of this process. `kill_when` is called ten times a
    second; once it returns True, the command and all its descendants are killed at once.

    The kernel reports the CPU time of the command and of the children that it waited for. Children
    that it did not wait for (the daemons of an engine) are sampled ten times a second, so up to the
    last tenth of a second of each is missing, which favors that engine. Memory is the highest
    sampled sum of proportional set sizes, or the kernel's peak of one process where that is higher.
    """
    started = time.perf_counter()
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            command, stdout=output, stderr=subprocess.STDOUT, env={**os.environ, **environment}
        )
        tree = _Tree(psutil.Process(process.pid))
        killed = False
        while not (ended := os.wait4(process.pid, os.WNOHANG))[0]:
            tree.sample()
            if not killed and kill_when():
                tree.kill()
                killed = True
            time.sleep(_EVERY)
        _, status, usage = ended
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode and not killed:
            output.seek(0)
            printed = output.read().decode(errors="replace")
            raise subprocess.CalledProcessError(process.returncode, list(command), printed)
    collected = usage.ru_utime + usage.ru_stime
    wall = time.perf_counter() - started
    return Cost(max(collected, sum(tree.cpu.values())), wall, tree.memory, killed)


@dataclass(slots=True)
class _Tree:
    """CPU times and peak memory of a process and all its descendants."""

    root: psutil.Process
    cpu: dict[tuple[int, float], float] = field(default_factory=dict)  # pid and start -> seconds
    memory: int = 0  # bytes

    def sample(self) -> None:
        resident = 0
        for process in self._now():
            with suppress(*_GONE):
                times = process.cpu_times()
                self.cpu[process.pid, process.create_time()] = times.user + times.system
                resident += process.memory_full_info().pss
                self.memory = max(self.memory, peak_memory(process.pid))
        self.memory = max(self.memory, resident)

    def kill(self) -> None:
        """Kill all processes at once; they are stopped first, so that none starts another one."""
        stopped: dict[int, psutil.Process] = {}
        while new := [process for process in self._now() if process.pid not in stopped]:
            for process in new:
                stopped[process.pid] = process
                with suppress(*_GONE):
                    process.suspend()
        for process in stopped.values():
            with suppress(*_GONE):
                process.kill()
        psutil.wait_procs([process for process in stopped.values() if process != self.root])

    def _now(self) -> list[psutil.Process]:
        with suppress(*_GONE):
            return [self.root, *self.root.children(recursive=True)]
        return []
