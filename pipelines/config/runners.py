"""The job file's `runner`: how units are distributed.

No setting changes a byte of the output, except that devices of several types round differently.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    Discriminator,
    Field,
    NonNegativeFloat,
    PositiveFloat,
    PositiveInt,
    Tag,
    model_validator,
)

from schemas.frozen import Frozen, Seconds


class PreemptionNotice(Frozen):
    """How a machine announces that it will be taken away; a run then ends as after SIGTERM."""

    file: str | None = None
    """The path of a file that appears then."""
    url: str | None = Field(None, pattern="^https?://")
    """The URL of a service of the machine that then answers, such as that of spot instances.

    An error, and the answers FALSE and NONE, announce nothing.
    """


class RunnerConfig(Frozen):
    """The settings that all runners share."""

    decode_threads: PositiveInt | None = Field(None, le=1024)
    """The decoding threads of each worker; null: the worker's share of the cores."""
    block_seconds: Seconds | None = 7200
    """The longest time for preparing, answering or judging a block, in seconds.

    A worker that takes longer ends, because a call that hangs on a device cannot be
    interrupted. With a single process the run ends; run again to continue. Null: no limit.
    """
    stop_seconds: Seconds | None = 10
    """The longest time from SIGTERM to the end of a run, in seconds.

    Parts that are whole are committed; what takes longer is given up, and the next run does it.
    Null: no limit.
    """
    mixed_devices: bool = False
    """Whether workers, in this and later runs, may have devices of several types."""

    claim_seconds: Seconds = 60
    """The time after which a run that gives no sign of life is taken for dead, in seconds.

    Other runs then take over the shards that it has claimed. Each run renews its sign four times as
    often. The runs of one output should have one value.
    """
    preemption: PreemptionNotice = PreemptionNotice()
    """How this machine announces that it will be taken away."""
    speculate: bool = False
    """Whether an idle run also begins the last shards on which another run works for long."""

    @property
    def workers_have_gpus(self) -> bool:
        """Whether workers have GPUs although the planning machine may have none."""
        return False

    @property
    def model_gpus(self) -> int:
        """The number of GPUs over which a worker splits its model."""
        return 1

    @property
    def most_workers(self) -> int | None:
        """The most workers that a run has at once; None: the cluster decides."""
        return None


class LocalRunnerConfig(RunnerConfig):
    """The local runner: one process, or several, each with its own GPUs if there are any."""

    kind: Literal["local"] = "local"
    """The name of this runner."""
    workers: PositiveInt = Field(1, le=1024)
    """The number of processes, each with one unit in work; 1: this process alone."""
    gpus_per_worker: PositiveInt = 1
    """The number of GPUs over which a worker splits its model, if there are any.

    The GPUs work one after the other, so a model that fits one GPU is faster on one.
    """

    @property
    def model_gpus(self) -> int:
        return self.gpus_per_worker

    @property
    def most_workers(self) -> int:
        return self.workers


class WorkerRange(Frozen):
    """A range for the number of workers; as many are started as fit into the cluster."""

    min: PositiveInt
    """The number of workers that must be ready before work starts."""
    max: PositiveInt
    """The largest number of workers, inclusive."""

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.min > self.max:
            raise ValueError("min is more than max")
        return self


def _form(value: Any) -> str:
    return "range" if isinstance(value, Mapping | WorkerRange) else "number"


Workers = Annotated[
    Annotated[PositiveInt, Tag("number")] | Annotated[WorkerRange, Tag("range")],
    Discriminator(_form),
]


def _whole_above_one(gpus: float) -> float:
    if gpus > 1 and gpus != int(gpus):
        raise ValueError("more than 1 must be a whole number")
    return gpus


class RayRunnerConfig(RunnerConfig):
    """The Ray runner: an existing cluster, or one that is started on this machine."""

    kind: Literal["ray"]
    """The name of this runner."""
    workers: Workers = 1
    """The number of workers, or a range such as `{min: 2, max: 16}`.

    Of a range, as many workers are started as fit into the cluster.
    """
    gpus_per_worker: Annotated[NonNegativeFloat, AfterValidator(_whole_above_one)] = 0
    """The number of GPUs that each worker reserves.

    0.5: two workers share one GPU. 2 or more: a worker splits its model over so many GPUs; more
    than 1 must be a whole number.
    """
    cpus_per_worker: PositiveFloat = 1
    """The number of CPUs that each worker reserves."""
    resources: Mapping[str, PositiveFloat] = {}
    """The cluster's own resources that each worker reserves, such as `{rack_a: 0.1}`."""
    runtime_env: Mapping[str, Any] = {}
    """Ray's runtime environment, which Ray logs."""
    pass_env: tuple[str, ...] = ()
    """Names of environment variables that workers get from the process that starts the run.

    For example `[HF_TOKEN]`; the values are not stored.
    """
    address: str | None = None
    """The address of the cluster; `auto`: the cluster of this machine.

    Null: RAY_ADDRESS or, without it, a new cluster on this machine.
    """
    wait_seconds: Seconds = 1800
    """The longest wait for the first workers, in seconds."""

    @property
    def workers_have_gpus(self) -> bool:
        return self.gpus_per_worker > 0

    @property
    def model_gpus(self) -> int:
        return max(1, int(self.gpus_per_worker))

    @property
    def most_workers(self) -> int:
        return self.workers.max if isinstance(self.workers, WorkerRange) else self.workers


class BeamRunnerConfig(RunnerConfig):
    """The Beam runner: a pipeline on the runner that Beam's options name."""

    kind: Literal["beam"]
    """The name of this runner."""
    options: tuple[str, ...] = ()
    """Options as on Beam's command line, such as `--runner=PortableRunner`."""
    resource_hints: Mapping[str, str] = {}
    """Resource hints of the step that annotates, such as accelerator and min_ram."""


def _kind(value: Any) -> Any:
    if isinstance(value, Mapping):
        return value.get("kind", "local")
    return getattr(value, "kind", None)


# A function as discriminator, because `runner: {decode_threads: 2}` names no kind.
AnyRunnerConfig = Annotated[
    Annotated[LocalRunnerConfig, Tag("local")]
    | Annotated[RayRunnerConfig, Tag("ray")]
    | Annotated[BeamRunnerConfig, Tag("beam")],
    Discriminator(_kind),
]
