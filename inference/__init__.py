"""Tasks and the engines that answer them; `AnyTask` is the one list of tasks."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any

from pydantic import Discriminator, Field, InstanceOf, SerializeAsAny, Tag
from pydantic.json_schema import SkipJsonSchema

from inference.config import Model
from inference.device import device_type, resolve_device, visible_gpus
from inference.engine import Engine
from inference.engines.sizing import Sizes, resolve_sizes
from inference.families.paligemma.checkpoint import ResolvedCheckpoint, resolve_checkpoint
from inference.families.paligemma.checkpoint import fetch as fetch_checkpoint
from inference.hub.adapter import fetch_adapter
from inference.hub.hub import fetch_model, resolve_model
from inference.hub.optional_packages import extra_packages
from inference.tasks.location_tasks import Detect, Segment
from inference.tasks.task import Task
from inference.tasks.text_tasks import AltText, Caption, Describe, Ocr, Prompt, Question, Vqa
from schemas.resources import Resources

_Listed = Annotated[
    Caption | AltText | Describe | Ocr | Vqa | Question | Prompt | Detect | Segment,
    Field(discriminator="kind"),
]


def _origin(value: Any) -> str:
    return "instance" if isinstance(value, Task) else "listed"


# One of the listed tasks by its `kind`, or an instance of the user's own from Python. A union, not
# a wrapping validator: behind one of those, strict JSON takes no list for a tuple.
AnyTask = SerializeAsAny[
    Annotated[
        Annotated[_Listed, Tag("listed")]
        | Annotated[SkipJsonSchema[InstanceOf[Task]], Tag("instance")],
        Discriminator(_origin),
    ]
]


def _fast(model: Model, checkpoint: ResolvedCheckpoint, resources: Resources) -> Engine:
    from inference.engines.fast import FastEngine  # which imports torch

    return FastEngine(model, checkpoint, resources)


def _reference(model: Model, checkpoint: ResolvedCheckpoint, resources: Resources) -> Engine:
    from inference.engines.reference import ReferenceEngine  # which imports torch

    return ReferenceEngine(model, checkpoint, resources)


ENGINES: Mapping[str, Callable[[Model, ResolvedCheckpoint, Resources], Engine]] = {
    "fast": _fast,
    "reference": _reference,
}


def load_engine(model: Model, checkpoint: ResolvedCheckpoint, resources: Resources) -> Engine:
    """The engine the job names, with its weights on `resources.device`."""
    extra_packages(model)  # a worker's may differ from those of the machine that planned
    return ENGINES[model.engine](model, checkpoint, resources)


__all__ = [
    "ENGINES",
    "AltText",
    "AnyTask",
    "Caption",
    "Describe",
    "Detect",
    "Engine",
    "Model",
    "Ocr",
    "Prompt",
    "Question",
    "ResolvedCheckpoint",
    "Segment",
    "Sizes",
    "Task",
    "Vqa",
    "device_type",
    "extra_packages",
    "fetch_adapter",
    "fetch_checkpoint",
    "fetch_model",
    "load_engine",
    "resolve_checkpoint",
    "resolve_device",
    "resolve_model",
    "resolve_sizes",
    "visible_gpus",
]
