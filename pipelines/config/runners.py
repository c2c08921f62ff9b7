"""What the job file may say of the runner; none of it changes a byte of the output."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    Discriminator,
    NonNegativeFloat,
    PositiveFloat,
    PositiveInt,
    Tag,
    model_validator,
)

from schemas.frozen import Frozen


class RunnerConfig(Frozen):
    """What all runners take."""

    decode_threads: PositiveInt | None = None  # of a worker; default: its share of the cores
    # A block not prepared, or not answered, in so many seconds ends the process; null: wait.
    block_seconds: PositiveFloat | None = 7200
    mixed_devices: bool = False  # whether workers may have devices of several types

    @property
    def workers_have_gpus(self) -> bool:
        """Whether workers have GPUs that the machine which plans need not have."""
        return False

    @property
    def model_gpus(self) -> int:
        """Over how many GPUs a worker splits its model."""
        return 1


class LocalRunnerConfig(RunnerConfig):
    """On this machine: in this process, or in several, each with a GPU where there are some."""

    kind: Literal["local"] = "local"
    workers: PositiveInt = 1
    gpus_per_worker: PositiveInt = 1  # over which it splits its model, where there are GPUs

    @property
    def model_gpus(self) -> int:
        return self.gpus_per_worker


class Range(Frozen):
    """As many workers as the cluster has room for."""

    min: PositiveInt  # that must be there before work starts
    max: PositiveInt  # inclusive

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.min > self.max:
            raise ValueError("min is more than max")
        return self


def _shape(value: Any) -> str:
    return "range" if isinstance(value, Mapping | Range) else "number"


Workers = Annotated[
    Annotated[PositiveInt, Tag("number")] | Annotated[Range, Tag("range")], Discriminator(_shape)
]


def _whole_above_one(gpus: float) -> float:
    if gpus > 1 and gpus != int(gpus):
        raise ValueError("more than 1 must be a whole number")
    return gpus


class RayRunnerConfig(RunnerConfig):
    """On a Ray cluster, or one that is started on this machine."""

    kind: Literal["ray"]
    workers: Workers = 1  # so many, or {min: 2, max: 16}
    # 0.5: two workers share one; 2: a worker splits its model over two
    gpus_per_worker: Annotated[NonNegativeFloat, AfterValidator(_whole_above_one)] = 0
    cpus_per_worker: PositiveFloat = 1
    resources: Mapping[str, PositiveFloat] = {}  # of the cluster's own, each worker's share
    runtime_env: Mapping[str, Any] = {}  # as Ray takes it
    address: str | None = None  # of a cluster; auto: the one of this machine; null: start one
    wait_seconds: PositiveFloat = 1800  # for the first workers to be there

    @property
    def workers_have_gpus(self) -> bool:
        return self.gpus_per_worker > 0

    @property
    def model_gpus(self) -> int:
        return max(1, int(self.gpus_per_worker))


class BeamRunnerConfig(RunnerConfig):
    """As a Beam pipeline, wherever Beam's options say."""

    kind: Literal["beam"]
    options: tuple[str, ...] = ()  # as on Beam's command line: --runner=PortableRunner
    resource_hints: Mapping[str, str] = {}  # of each unit's work: accelerator, min_ram


def _kind(value: Any) -> Any:
    if isinstance(value, Mapping):
        return value.get("kind", "local")
    return getattr(value, "kind", None)


# A discriminator of our own, for `runner: {decode_threads: 2}` says no kind.
AnyRunnerConfig = Annotated[
    Annotated[LocalRunnerConfig, Tag("local")]
    | Annotated[RayRunnerConfig, Tag("ray")]
    | Annotated[BeamRunnerConfig, Tag("beam")],
    Discriminator(_kind),
]
