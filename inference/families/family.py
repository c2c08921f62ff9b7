"""What a model family is: everything that is particular to one kind of checkpoint."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, ClassVar, NamedTuple

from inference.config import Model
from inference.families.dimensions import Dimensions
from inference.tasks.detections import Detection
from inference.tasks.intents import Intent
from inference.tasks.task import Mask, Task
from schemas.generation import Generation, ImageSpec
from schemas.sample import Sample

if TYPE_CHECKING:
    from inference.families.loaded_model import LoadedModel  # which imports torch


class Description(NamedTuple):
    """What a checkpoint's configuration says about the checkpoint."""

    resolution: int  # pixels a side of the model image
    generation: int  # of the family, from 1


class ModelFamily(ABC):
    """Recognizes checkpoints, words prompts, reads answers, and loads models.

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

    @abstractmethod
    def image_spec(self, resolution: int) -> ImageSpec:
        """Return how an image is prepared for a checkpoint of this resolution."""

    def check_task(self, task: Task) -> None:  # noqa: B027 - a family may accept every task
        """Raise JobError, its field first, where no checkpoint of the family can do the task."""

    @abstractmethod
    def prompt(self, intent: Intent) -> str:
        """Word what a task asks for, in the form that the checkpoints were trained with."""

    def task_prompt(self, task: Task, sample: Sample) -> str | None:
        """Word a task's prompt for a sample; None where the sample lacks the field for it."""
        intent = task.intent(sample)
        return None if intent is None else self.prompt(intent)

    @abstractmethod
    def read_objects(
        self, generation: Generation, width: int, height: int, masks: bool
    ) -> tuple[list[Detection], bool]:
        """Read the objects of an answer, and whether all of the answer was understood.

        Boxes are in pixels of an image of `width` x `height`. Never raises.
        """

    @abstractmethod
    def strip_markup(self, text: str) -> str:
        """Remove location tokens and the like from an answer: text filters judge the rest."""

    @abstractmethod
    def load_mask_decoder(self, path: str, open_file: Callable[[str], BinaryIO]) -> None:
        """Load the decoder of mask codes and keep it; raises JobError where the file is wrong."""

    @abstractmethod
    def decode_masks(
        self, path: str, objects: Sequence[Detection], width: int, height: int
    ) -> list[Mask | None]:
        """Decode each object's mask; None where an object has no mask."""

    @abstractmethod
    def dimensions(self, folder: Path) -> Dimensions:
        """Read the dimensions that decide how much memory a checkpoint needs."""

    @abstractmethod
    def load(
        self, folder: Path, model: Model, devices: Sequence[str], adapter: Path | None
    ) -> "LoadedModel":
        """Load a checkpoint and an adapter, in folders of their own, onto the devices."""
