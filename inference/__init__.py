"""Tasks and the engines that answer them; `AnyTask` is the one list of tasks."""

from collections.abc import Callable, Mapping
from typing import Annotated

from pydantic import Field, InstanceOf, SerializeAsAny, Tag
from pydantic.json_schema import SkipJsonSchema

from inference.checkpoint import (
    ResolvedCheckpoint,
    family_of,
    fetch_checkpoint,
    resolve_checkpoint,
)
from inference.config import Model
from inference.device import device_type, resolve_device, visible_gpus
from inference.engine import Engine
from inference.engines.sizing import Sizes, resolve_sizes
from inference.families.family import ModelFamily
from inference.hub.adapter import fetch_adapter
from inference.hub.hub import fetch_model, fetch_reference, resolve_model
from inference.hub.optional_packages import check_model_packages, extra_packages
from inference.image_tokens import check_image_tokens
from inference.tasks.choices import ChoiceTask
from inference.tasks.grounded import Grounded
from inference.tasks.location_tasks import Detect, Segment
from inference.tasks.ocr_boxes import OcrBoxes
from inference.tasks.task import Task
from inference.tasks.text_tasks import AltText, Caption, Describe, Ocr, Prompt, Question, Vqa
from schemas.resources import Resources
from schemas.unions import INSTANCE, LISTED, listed_or_instance

_Listed = Annotated[
    Caption
    | AltText
    | Describe
    | Ocr
    | OcrBoxes
    | Vqa
    | Question
    | Prompt
    | Detect
    | Segment
    | Grounded,
    Field(discriminator="kind"),
]


# One of the listed tasks by its `kind`, or a user's own instance from Python.
AnyTask = SerializeAsAny[
    Annotated[
        Annotated[_Listed, Tag(LISTED)]
        | Annotated[SkipJsonSchema[InstanceOf[Task]], Tag(INSTANCE)],
        listed_or_instance(Task),
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
    """Return the engine that the job names, with its weights on `resources.device`."""
    extra_packages(
        model, resources.device
    )  # a worker may lack packages that the planning machine has
    return ENGINES[model.engine](model, checkpoint, resources)


__all__ = [
    "ENGINES",
    "AltText",
    "AnyTask",
    "Caption",
    "ChoiceTask",
    "Describe",
    "Detect",
    "Engine",
    "Grounded",
    "Model",
    "ModelFamily",
    "Ocr",
    "OcrBoxes",
    "Prompt",
    "Question",
    "ResolvedCheckpoint",
    "Segment",
    "Sizes",
    "Task",
    "Vqa",
    "check_image_tokens",
    "check_model_packages",
    "device_type",
    "extra_packages",
    "family_of",
    "fetch_adapter",
    "fetch_checkpoint",
    "fetch_model",
    "fetch_reference",
    "load_engine",
    "resolve_checkpoint",
    "resolve_device",
    "resolve_model",
    "resolve_sizes",
    "visible_gpus",
]
