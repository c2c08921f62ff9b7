"""What the job file may say of the runner; none of it changes a byte of the output."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Discriminator, PositiveFloat, PositiveInt, Tag

from schemas.frozen import Frozen


class Runner(Frozen):
    """What all runners take."""

    decode_threads: PositiveInt | None = None  # of a worker; default: one per core
    # A block not prepared, or not answered, in so many seconds ends the process; null: wait.
    block_seconds: PositiveFloat | None = 7200


class LocalRunner(Runner):
    """On this machine, in this process."""

    kind: Literal["local"] = "local"


class BeamRunner(Runner):
    """As a Beam pipeline, wherever Beam's options say."""

    kind: Literal["beam"]
    options: tuple[str, ...] = ()  # as on Beam's command line: --runner=PortableRunner
    resource_hints: Mapping[str, str] = {}  # of each unit's work: accelerator, min_ram


def _kind(value: Any) -> Any:
    if isinstance(value, Mapping):
        return value.get("kind", "local")
    return getattr(value, "kind", None)


# A discriminator of our own, for `runner: {decode_threads: 2}` says no kind.
AnyRunner = Annotated[
    Annotated[LocalRunner, Tag("local")] | Annotated[BeamRunner, Tag("beam")],
    Discriminator(_kind),
]
