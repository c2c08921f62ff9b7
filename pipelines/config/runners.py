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


class RunnerConfig(Frozen):
    """The settings that all runners share."""

    decode_threads: PositiveInt | None = Field(
        None, le=1024
    )  # per worker; default: its share of the cores
    # A worker ends if it prepares or answers a block for longer than this; null: no limit.
    block_seconds: Seconds | None = 7200
    mixed_devices: bool = False  # whether workers may have devices of several types

    @property
    def workers_have_gpus(self) -> bool:
        """Whether workers have GPUs although the planning machine may have none."""
        return False

    @property
    def model_gpus(self) -> int:
        """The number of GPUs over which a worker splits its model."""
        return 1


class LocalRunnerConfig(RunnerConfig):
    """The local runner: one process, or several, each with its own GPUs if there are any."""

    kind: Literal["local"] = "local"
    workers: PositiveInt = Field(1, le=1024)
    gpus_per_worker: PositiveInt = 1  # GPUs over which a worker splits its model, if any

    @property
    def model_gpus(self) -> int:
        return self.gpus_per_worker


class WorkerRange(Frozen):
    """A range for the number of workers; as many are started as fit into the cluster."""

    min: PositiveInt  # workers that must be ready before work starts
    max: PositiveInt  # inclusive

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
    workers: Workers = 1  # a number, or {min: 2, max: 16}
    # 0.5: two workers share one; 2: a worker splits its model over two
    gpus_per_worker: Annotated[NonNegativeFloat, AfterValidator(_whole_above_one)] = 0
    cpus_per_worker: PositiveFloat = 1
    resources: Mapping[str, PositiveFloat] = {}  # custom Ray resources that each worker takes
    runtime_env: Mapping[str, Any] = {}  # passed to Ray, which logs it
    # Names of environment variables that workers get from this process; values are not stored.
    pass_env: tuple[str, ...] = ()
    # Of a cluster; auto: the cluster of this machine; null: RAY_ADDRESS, or start a cluster here.
    address: str | None = None
    wait_seconds: Seconds = 1800  # until the first workers are ready

    @property
    def workers_have_gpus(self) -> bool:
        return self.gpus_per_worker > 0

    @property
    def model_gpus(self) -> int:
        return max(1, int(self.gpus_per_worker))


class BeamRunnerConfig(RunnerConfig):
    """The Beam runner: a pipeline on the runner that Beam's options name."""

    kind: Literal["beam"]
    options: tuple[str, ...] = ()  # Beam's command line: --runner=PortableRunner
    resource_hints: Mapping[str, str] = {}  # of the step that does the work: accelerator, min_ram


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
