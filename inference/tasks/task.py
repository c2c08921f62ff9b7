"""The base of all tasks: a task states what it asks for, and parses the answer."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import BinaryIO, ClassVar, Protocol

import pyarrow as pa
from pydantic import Field, PositiveInt

from inference.tasks.detections import Box, Detection
from inference.tasks.intents import Intent
from schemas.frozen import Frozen
from schemas.generation import Generation
from schemas.resources import Resources
from schemas.sample import Sample

Mask = dict[str, object]  # COCO run lengths over the whole image: `size` [height, width], `counts`


class AnswerReader(Protocol):
    """The part of a model family that reads located objects and masks from answers."""

    def read_objects(
        self, generation: Generation, width: int, height: int, masks: bool
    ) -> tuple[list[Detection], bool]:
        """Return the objects of an answer, and whether the whole answer was understood."""

    def load_mask_decoder(self, path: str, open_file: Callable[[str], BinaryIO]) -> None:
        """Load the decoder of mask codes and keep it; raise JobError if the file is wrong."""

    def decode_masks(
        self, path: str, objects: Sequence[Detection], width: int, height: int
    ) -> list[Mask | None]:
        """Decode the mask of each object; None for an object without a mask."""


class Task(Frozen, ABC):
    """A question asked about every sample; the answers become a column."""

    column: ClassVar[pa.DataType]  # type of the column named after the task
    keeps_raw: ClassVar[bool] = False  # also store the model's text, in addition to the value
    kind: str
    """The name of the task."""
    max_new_tokens: PositiveInt = Field(64, le=2048)
    """The most tokens of an answer, end token included."""

    logprobs: bool = False
    """Whether the column `<task>_logprobs` stores the log-probability of each token.

    With `choose_by`, the column stores the values of the choices instead.
    """

    def load(self, resources: Resources, reader: AnswerReader) -> None:
        """Load what `parse` needs; raise JobError if something is missing."""

    @abstractmethod
    def intent(self, sample: Sample) -> Intent | None:
        """Return what the task asks for; None if the sample lacks the field that the task needs."""

    @abstractmethod
    def parse(
        self, generation: Generation, sample: Sample, reader: AnswerReader
    ) -> tuple[object, bool]:
        """Return the value to store, and whether the whole answer is as it was asked for.

        `sample` is the one that `intent` was asked about. Never raises, whatever the model wrote.
        """

    @abstractmethod
    def texts(self, value: object) -> tuple[str, ...]:
        """Return the free texts in a value, which the text filters judge."""

    @abstractmethod
    def with_texts(self, value: object, texts: tuple[str, ...]) -> object:
        """Return the value with its free texts replaced, in the order of `texts`."""

    @property
    def text_language(self) -> str:
        """The ISO 639 code of the generated text; "" if the language is unknown."""
        return ""

    def fields(self) -> tuple[str, ...]:
        """Return the fields (source text or carried columns) that the prompt uses."""
        return ()

    def list_fields(self) -> tuple[str, ...]:
        """Return those of `fields` that may be carried lists."""
        return ()

    def has_places(self) -> bool:
        """Return whether the prompt or the answer has places in the image, such as boxes."""
        return False

    def drawn_region(self, sample: Sample) -> Box | None:
        """Return the box that is drawn into the model image, in pixels of the upright original."""
        return None

    def files(self) -> tuple[str, ...]:
        """Return the paths of files that the task reads; their digests affect the fingerprint."""
        return ()
