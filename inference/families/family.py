"""The interface of a model family: everything that is particular to one kind of checkpoint."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, ClassVar, NamedTuple

from inference.config import Model
from inference.families.dimensions import Dimensions
from inference.hub.model_files import ModelFolder
from inference.tasks.detections import Detection
from inference.tasks.intents import Intent
from inference.tasks.task import Mask, Task
from schemas.generation import Generation, ImageSpec
from schemas.sample import Sample, Text

if TYPE_CHECKING:
    from inference.families.loaded_model import LoadedModel  # which imports torch


class Description(NamedTuple):
    """The properties of a checkpoint, as its configuration states them."""

    resolution: int  # pixels a side of the model image
    generation: int  # of the family, from 1


class ModelFamily(ABC):
    """A kind of checkpoint: how it is recognized, loaded and prompted, how its answers are read.

    A family is stateless: one instance, in the table of families, serves all jobs. Importing it
    does not import torch.
    """

    title: ClassVar[str]  # the family's name in errors

    @abstractmethod
    def recognizes(self, config: Mapping[str, Any]) -> bool:
        """Return whether a checkpoint's config.json is of this family; never raises."""

    @abstractmethod
    def describe(self, config: Mapping[str, Any]) -> Description:
        """Describe a checkpoint that the family recognizes."""

    def check_files(  # noqa: B027 - a family may accept every folder
        self, folder: ModelFolder, config: Mapping[str, Any], partial: bool
    ) -> None:
        """Raise JobError where a file of the checkpoint is missing, or does not fit the others.

        Files are read as far as that is quick. With `partial`, files may be missing.
        """

    def terms(self, source: str) -> tuple[str, ...]:
        """Return the terms of use of a checkpoint, which has this hub id, folder or URL."""
        return ()

    def longest_trained(self, resolution: int) -> int | None:
        """Return the most tokens of the texts in training; None if that is unknown."""
        return None

    @abstractmethod
    def image_spec(self, resolution: int) -> ImageSpec:
        """Return how an image is prepared for a checkpoint of this resolution."""

    def check_task(self, task: Task) -> None:  # noqa: B027 - a family may accept every task
        """Raise JobError, beginning with the wrong field, if no checkpoint can do the task."""

    @abstractmethod
    def prompt(self, intent: Intent) -> str:
        """Return the prompt for an intent, in the form that the checkpoints were trained with."""

    def task_prompt(self, task: Task, sample: Sample) -> str | None:
        """Return a task's prompt for a sample; None if the sample lacks the field for it."""
        intent = task.intent(sample)
        return None if intent is None else self.prompt(intent)

    def prompt_template(self, task: Task) -> str | None:
        """Return a task's prompt, with `{field}` in place of each field of the sample.

        None if the prompt needs more than texts of the sample, such as a box in its image.
        """
        texts = {field: Text(f"{{{field}}}") for field in task.fields()}
        return self.task_prompt(task, Sample("", 0, texts, b"", 1, 1))

    @abstractmethod
    def read_objects(
        self, generation: Generation, width: int, height: int, masks: bool
    ) -> tuple[list[Detection], bool]:
        """Return the objects of an answer, and whether the whole answer was understood.

        Boxes are in pixels of an image of `width` x `height`. Never raises.
        """

    @abstractmethod
    def strip_markup(self, text: str) -> str:
        """Remove location tokens and other markup from an answer, before text filters judge it."""

    @abstractmethod
    def load_mask_decoder(self, path: str, open_file: Callable[[str], BinaryIO]) -> None:
        """Load the decoder of mask codes and keep it; raise JobError if the file is wrong."""

    @abstractmethod
    def decode_masks(
        self, path: str, objects: Sequence[Detection], width: int, height: int
    ) -> list[Mask | None]:
        """Decode the mask of each object; None for an object without a mask."""

    @abstractmethod
    def dimensions(self, folder: Path) -> Dimensions:
        """Read the dimensions that decide how much memory a checkpoint needs."""

    @abstractmethod
    def load(
        self, folder: Path, model: Model, devices: Sequence[str], adapter: Path | None
    ) -> "LoadedModel":
        """Load the checkpoint in `folder` onto the devices; `adapter` is an adapter's folder.

        For the reference engine, the result is a ReferenceModel.
        """
