"""A cluster of Slurm with one node on this machine, without systemd and cgroups.

It needs root, and Debian's packages slurmctld, slurmd, slurm-client and munge. All files lie in a
folder of the cluster's own, which `SLURM_CONF` names to the programs of Slurm.
"""

import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple, Self

import psutil
from support.object_servers import free_ports

PROGRAMS = ("slurmctld", "slurmd", "munged", "sbatch", "scontrol", "squeue", "scancel", "setpriv")
NODE = "node1"
ENDS = ("COMPLETED", "FAILED", "CANCELLED", "TIMEOUT", "NODE_FAIL")  # states of tasks
_PATH = f"{os.environ['PATH']}:/usr/sbin:/sbin"
SECONDS = 900  # for what Slurm does in a few seconds
# From the start of a task to when its node knows of it. A task that returns to the queue waits as
# long, so that no credential of its earlier start is valid.
CREDENTIAL_SECONDS = 20
CONFIGURATION = """\
ClusterName=tests
SlurmctldHost=localhost(127.0.0.1)
SlurmctldPort={controller_port}
SlurmdPort={node_port}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
CredType=cred/munge
AuthInfo=socket={folder}/munge.socket,cred_expire={seconds}
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerParameters=sched_interval=2,sched_min_interval=0
MpiDefault=none
ReturnToService=2
SlurmdParameters=config_overrides
KillWait=30
MessageTimeout=100
NodeName={node} NodeHostname={host} NodeAddr=127.0.0.1 CPUs=8 RealMemory=8000 State=UNKNOWN
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""


class Task(NamedTuple):
    """A task as `scontrol show job` shows it."""

    number: str  # of the task alone, also in an array
    index: str  # in the array; 0 without one
    state: str  # RUNNING, COMPLETED, ...
    exit_code: int
    restarts: int
    minutes: int  # that it runs


class SlurmCluster:
    """A cluster that runs in the `with` block; its tasks end with it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._daemons: dict[str, subprocess.Popen[bytes]] = {}
        self.environment: Mapping[str, str] = {
            **{
                name: x
                for name, x in os.environ.items()
                if not name.startswith(("SLURM", "SBATCH"))
            },
            "SLURM_CONF": str(folder / "slurm.conf"),
            "PATH": _PATH,
        }

    def __enter__(self) -> Self:
        for name in ("state", "spool"):
            (self._folder / name).mkdir()
        key = self._folder / "munge.key"
        key.touch(0o600)
        key.write_bytes(secrets.token_bytes(128))
        port = free_ports(2)
        text = CONFIGURATION.format(
            controller_port=port,
            node_port=port + 1,
            folder=self._folder,
            host=socket.gethostname().partition(".")[0],
            node=NODE,
            seconds=CREDENTIAL_SECONDS,
        )
        (self._folder / "slurm.conf").write_text(text)
        try:
            names = ("socket", "key", "pid", "log", "seed")
            files = [f"{self._folder}/munge.{name}" for name in names]
            options = ("--socket=", "--key-file=", "--pid-file=", "--log-file=", "--seed-file=")
            self._start(
                "munged", "--foreground", "--force", *map("".join, zip(options, files, strict=True))
            )
            self.wait_until((self._folder / "munge.socket").exists, "munged does not start")
            self._start("slurmctld", "-D", "-i")
            self.start_node()
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()

    def start_node(self) -> None:
        """Start the daemon of the node, and wait until the cluster uses the node."""
        self._start("slurmd", "-D", "-N", NODE)
        self.wait_until(self._node_is_up, "the node is not used")

    def kill_node_daemon(self) -> None:
        """Kill the daemon of the node; the tasks of the node go on."""
        self._daemons["slurmd"].kill()
        self._daemons.pop("slurmd").wait()

    def lose_node(self) -> None:
        """Kill the daemon of the node and all that runs there, and tell the cluster at once.

        Without being told, the cluster notices after `SlurmdTimeout`, and does the same.
        """
        self.kill_node_daemon()
        # The first of each task's processes is Slurm's own, which would report the others' end.
        for process in self._processes():
            with suppress(psutil.NoSuchProcess):
                process.kill()
        self.call("scontrol", "update", f"NodeName={NODE}", "State=DOWN", "Reason=lost")

    def stop_queue(self) -> None:
        """Let no task start from now on; those that run go on."""
        self.call("scontrol", "update", "PartitionName=main", "State=DOWN")

    def start_queue(self) -> None:
        """Let tasks start again."""
        self.call("scontrol", "update", "PartitionName=main", "State=UP")

    def call(self, *words: str, folder: Path | None = None, **variables: str) -> str:
        """Run a program of Slurm and return what it prints; raise AssertionError if it fails."""
        ended = subprocess.run(
            words,
            env={**self.environment, **variables},
            cwd=folder or self._folder,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        assert ended.returncode == 0, f"{words}: {ended.stderr}{self._log('slurmctld')}"
        return ended.stdout

    def tasks(self, job: str) -> dict[str, Task]:
        """Return the tasks of a job by their index in the array."""
        lines = self.call("scontrol", "--oneliner", "show", "job", job).splitlines()
        tasks = [_task(line) for line in lines]
        return {task.index: task for task in tasks}

    def wait(self, job: str, is_reached: Callable[[dict[str, Task]], object]) -> dict[str, Task]:
        """Wait until the tasks of a job are in a state; return them."""
        self.wait_until(lambda: is_reached(self.tasks(job)), f"job {job} stays as it is")
        return self.tasks(job)

    def wait_for_end(self, job: str) -> dict[str, Task]:
        """Wait until all tasks of a job have ended; return them."""
        return self.wait(job, lambda tasks: all(task.state in ENDS for task in tasks.values()))

    def wait_until(self, is_reached: Callable[[], object], problem: str) -> None:
        """Wait until something has happened; raise AssertionError if it takes minutes."""
        end = time.monotonic() + SECONDS
        while not is_reached():
            logs = "\n".join(map(self._log, ("munged", "slurmctld", "slurmd")))
            assert time.monotonic() < end, f"{problem}\n{logs}"
            time.sleep(0.05)

    def _node_is_up(self) -> bool:
        with suppress(AssertionError):  # the controller does not answer yet
            states = self.call("sinfo", "--noheader", "--format=%T").split()
            return states in (["idle"], ["mixed"], ["allocated"])
        return False

    def _start(self, program: str, *options: str) -> None:
        """Start a daemon that ends with this process."""
        with open(self._folder / f"{program}.log", "ab") as log:
            self._daemons[program] = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", program, *options],
                env=self.environment,
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _stop(self) -> None:
        for process in self._processes():
            with suppress(psutil.NoSuchProcess):
                process.kill()
        for daemon in self._daemons.values():
            daemon.send_signal(signal.SIGKILL)
            daemon.wait()
        self._daemons.clear()

    def _processes(self) -> list[psutil.Process]:
        """List the processes of all tasks: those of Slurm first, then those that they started."""
        found = []
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                sockets = process.net_connections("unix") if process.name() == "slurmstepd" else []
                if any(str(each.laddr).startswith(f"{self._folder}/") for each in sockets):
                    found.append(process)
        return [*found, *(child for step in found for child in step.children(recursive=True))]

    def _log(self, program: str) -> str:
        path = self._folder / f"{program}.log"
        return path.read_text(errors="replace")[-3000:] if path.exists() else ""


def reason_to_skip() -> str | None:
    """Say why no cluster can be started here; None if one can."""
    missing = [name for name in PROGRAMS if shutil.which(name, path=_PATH) is None]
    if missing:
        return (
            f"NOT TESTED: {', '.join(missing)} not installed: apt-get install slurmctld slurmd "
            "slurm-client munge"
        )
    return None if os.geteuid() == 0 else "NOT TESTED: Slurm's daemons are started as root here"


def _task(line: str) -> Task:
    fields = dict(re.findall(r"(\w+)=(\S*)", line))
    return Task(
        fields["JobId"],
        fields.get("ArrayTaskId", "0"),
        fields["JobState"],
        int(fields["ExitCode"].partition(":")[0]),
        int(fields["Restarts"]),
        _minutes(fields["RunTime"]),
    )


def _minutes(time: str) -> int:
    """Read a time of Slurm's, such as 1-02:03:04."""
    days, _, clock = time.rpartition("-")
    hours, minutes, _ = map(int, clock.split(":"))
    return (24 * int(days or 0) + hours) * 60 + minutes
