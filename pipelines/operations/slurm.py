"""`shardmill slurm`: a script for sbatch that runs a job as one task, or as an array of tasks.

Tasks of an array run the same command on one output. The script returns a task to Slurm's queue if
it was stopped before its work was done.
"""

import re
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from shlex import quote

from pipelines.config.job import Job
from pipelines.config.runners import LocalRunnerConfig
from schemas.errors import JobError

_SUBMIT_SECONDS = 120  # for sbatch to answer, which itself tries again if Slurm does not
_ARRAY = re.compile(r"\d+(-\d+(:\d+)?)?(,\d+(-\d+(:\d+)?)?)*(%\d+)?", re.ASCII)
_TASKS = re.compile(r"(\d+)(%\d+)?", re.ASCII)
_TIMES = (  # in Slurm's order of meanings: days, hours, minutes, seconds
    re.compile(r"(?P<minutes>\d+)(:(?P<seconds>\d+))?", re.ASCII),
    re.compile(r"(?P<hours>\d+):(?P<minutes>\d+):(?P<seconds>\d+)", re.ASCII),
    re.compile(r"(?P<days>\d+)-(?P<hours>\d+)(:(?P<minutes>\d+)(:(?P<seconds>\d+))?)?", re.ASCII),
)
_SECONDS = {"days": 86_400, "hours": 3600, "minutes": 60, "seconds": 1}
_MEMORY = re.compile(r"\d+[KMGT]?", re.ASCII)
_GPUS = re.compile(r"([A-Za-z0-9_.-]+:)?\d+", re.ASCII)
_WORD = re.compile(r"[A-Za-z0-9_.,:|&*()\[\]@+=/-]+")  # nothing that ends or quotes a directive

_SCRIPT = """\
#!/bin/bash
# Written by `shardmill slurm`. To start it: sbatch FILE
{directives}

# Slurm signals this shell alone, {signal} seconds before the time limit. It passes the signal on.
signals=0
run=
stop() {{
    signals=$((signals + 1))
    if [ "$signals" = 1 ] && [ -n "$run" ]; then
        kill -s TERM "$run" 2>/dev/null
    fi
}}
trap stop TERM

{setup}cd -- {folder} || exit
{command} &
run=$!
[ "$signals" = 0 ] || kill -s TERM "$run" 2>/dev/null
while true; do
    before=$signals
    wait "$run"
    code=$?
    [ "$signals" != "$before" ] || break # a signal cuts a wait short
done

[ -n "$SLURM_JOB_ID" ] || exit "$code" # without Slurm
case $code in
0 | 2 | 3) # done; or the job or some shards are wrong, which another start does not mend
    exit "$code"
    ;;
143) # stopped before the end of its work
    ;;
*)
    if [ "${{SLURM_RESTART_COUNT:-0}}" -ge {max_restarts} ]; then
        echo "shardmill: exit code $code after {max_restarts} restarts: not queued again" >&2
        exit "$code"
    fi
    ;;
esac
# The number of a task in its array: SLURM_JOB_ID may name the array, with all of its tasks.
task=$SLURM_JOB_ID
[ -z "$SLURM_ARRAY_JOB_ID" ] || task=${{SLURM_ARRAY_JOB_ID}}_$SLURM_ARRAY_TASK_ID
# A canceled task is not running any more, and stays canceled.
if [ "$(squeue --noheader --jobs="$task" --format=%T)" = RUNNING ]; then
    echo "shardmill: exit code $code: the task returns to the queue" >&2
    scontrol requeue "$task"
fi
exit "$code"
"""


@dataclass(frozen=True)
class TaskOptions:
    """What each task of a script asks of Slurm; None: the cluster's default.

    Raises JobError if an option is none that Slurm could read.
    """

    array: str | None = None
    """The tasks: a number of tasks such as `16`, or the indices such as `1-16%4`."""
    time: str | None = None
    """The time limit of a task, in a form of Slurm's, such as `04:00:00`."""
    gpus: str | None = None
    """The GPUs of a task, such as `1` or `a100:1`; None: as many as the job needs."""
    cpus: int | None = None
    mem: str | None = None
    partition: str | None = None
    account: str | None = None
    qos: str | None = None
    constraint: str | None = None
    signal: int = 60
    """The seconds before the time limit at which a task is stopped."""
    max_restarts: int = 3
    """How often a task that failed is started again."""

    def __post_init__(self) -> None:
        _check("array", self.array, _is_array, "give a number of tasks, or indices like 1-16%4")
        _check("time", self.time, _is_time, "write hours like 04:00:00, or days like 1-00:00:00")
        _check("gpus", self.gpus, _GPUS.fullmatch, "write a number, or a type like a100:1")
        _check("mem", self.mem, _MEMORY.fullmatch, "write a size like 32G")
        for name in ("partition", "account", "qos", "constraint"):
            _check(name, getattr(self, name), _WORD.fullmatch, "leave out spaces and quotes")
        if self.time is not None and _seconds(self.time) <= self.signal:
            raise JobError(
                f"--time {self.time}: is not more than --signal {self.signal} seconds: each task "
                "would be stopped as soon as it starts"
            )

    def directives(self, name: str, gpus: str) -> list[str]:
        """Return the options of sbatch for a job of this name."""
        tasks = self.array
        if tasks is not None and (number := _TASKS.fullmatch(tasks)):
            tasks = f"1-{int(number[1])}{number[2] or ''}"
        options = {
            "job-name": name,
            "array": tasks,
            "time": self.time,
            "nodes": 1,
            "ntasks": 1,
            "cpus-per-task": self.cpus,
            "mem": self.mem,
            "gres": f"gpu:{gpus}" if int(gpus.rpartition(":")[2]) else None,
            "partition": self.partition,
            "account": self.account,
            "qos": self.qos,
            "constraint": self.constraint,
            "signal": f"B:TERM@{self.signal}",
            "open-mode": "append",
        }
        return ["--requeue", *(f"--{key}={x}" for key, x in options.items() if x is not None)]


@dataclass(frozen=True)
class Start:
    """How a task starts shardmill."""

    job_file: str
    """The absolute path of the job file, or its URL."""
    folder: str
    """The folder in which the job runs: relative paths in the job file begin here."""
    settings: Sequence[str] = ()
    activate: str | None = None
    """The absolute path of a virtual environment."""
    setup: str = ""
    """Lines of shell that run before the job."""
    container: str | None = None
    """An image that Apptainer runs."""

    def before(self) -> str:
        """Return the lines of shell that run before the job."""
        lines = [f"{self.setup.rstrip()}\n"] if self.setup.strip() else []
        if self.activate is not None:
            lines.append(f"source {quote(f'{self.activate}/bin/activate')} || exit\n")
        return "".join(lines)

    def command(self, has_gpus: bool) -> str:
        """Return the command that runs the job."""
        words = ["shardmill", "run", self.job_file]
        words += [word for setting in self.settings for word in ("--set", setting)]
        if self.container is not None:
            words = ["apptainer", "exec", *(["--nv"] * has_gpus), self.container, *words]
        return " ".join(map(quote, words))


def slurm_script(job: Job, options: TaskOptions, start: Start) -> str:
    """Return the script of a job; raise JobError for a runner that is no task of an array."""
    if not isinstance(job.runner, LocalRunnerConfig):
        raise JobError(
            f"runner.kind: {job.runner.kind!r} has workers of its own: tasks of Slurm run with "
            "runner: {kind: local}"
        )
    gpus = _gpus(job) if options.gpus is None else options.gpus
    directives = options.directives(job.name, gpus)
    return _SCRIPT.format(
        directives="\n".join(f"#SBATCH {each}" for each in directives),
        signal=options.signal,
        setup=start.before(),
        folder=quote(start.folder),
        command=start.command(has_gpus=int(gpus.rpartition(":")[2]) > 0),
        max_restarts=options.max_restarts,
    )


def submit(script: bytes) -> str:
    """Give a script to sbatch; return what sbatch prints. Raises JobError if sbatch refuses it."""
    try:
        ended = subprocess.run(
            ["sbatch"], input=script, capture_output=True, check=False, timeout=_SUBMIT_SECONDS
        )
    except FileNotFoundError:
        raise JobError("--submit: sbatch is not on PATH: submit from a login node") from None
    except subprocess.TimeoutExpired:
        raise JobError(
            f"--submit: sbatch did not answer in {_SUBMIT_SECONDS} s: look with `squeue --me` "
            "whether it took the script"
        ) from None
    if ended.returncode:
        said = "; ".join(ended.stderr.decode(errors="replace").split("\n")).strip("; ")
        raise JobError(f"--submit: sbatch refused the script: {said or ended.returncode}")
    return ended.stdout.decode(errors="replace").strip()


def _gpus(job: Job) -> str:
    """Return the number of GPUs of a task: what its processes take if the job runs a model."""
    assert isinstance(job.runner, LocalRunnerConfig)
    runs_model = any(stage.uses_torch() for stage in job.filters)
    if job.model is not None:
        runs_model = job.model.device != "cpu"
    return str(job.runner.workers * job.runner.gpus_per_worker if runs_model else 0)


def _check(name: str, value: str | None, allowed: Callable[[str], object], advice: str) -> None:
    if value is not None and not allowed(value):
        raise JobError(f"--{name} {value!r}: {advice}")


def _is_array(array: str) -> bool:
    tasks = _TASKS.fullmatch(array)
    return bool(_ARRAY.fullmatch(array)) and not (tasks and int(tasks[1]) == 0)


def _is_time(time: str) -> bool:
    return any(form.fullmatch(time) for form in _TIMES)


def _seconds(time: str) -> int:
    found = next(match for form in _TIMES if (match := form.fullmatch(time)))
    return sum(int(part) * _SECONDS[name] for name, part in found.groupdict().items() if part)
