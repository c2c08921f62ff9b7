"""What a task is: it words the prompt and reads the answer."""

from abc import ABC, abstractmethod
from typing import ClassVar

import pyarrow as pa
from pydantic import Field, PositiveInt

from schemas.frozen import Frozen
from schemas.generation import Generation
from schemas.resources import Resources
from schemas.sample import Sample


class Task(Frozen, ABC):
    """One question asked about every sample; its answers become a column."""

    column: ClassVar[pa.DataType]  # type of the column named after the task
    keeps_raw: ClassVar[bool] = False  # store the model's own text beside the value
    kind: str
    max_new_tokens: PositiveInt = Field(64, le=2048)  # generation is cut here

    def load(self, resources: Resources) -> None:
        """Load now what `parse` will need; JobError where it cannot be had."""

    @abstractmethod
    def prompt(self, sample: Sample) -> str | None:
        """The prompt without `<image>` and newline; None when the sample lacks what is asked."""

    @abstractmethod
    def parse(self, generation: Generation, width: int, height: int) -> tuple[object, bool]:
        """The value to store for an image of `width` x `height`, and whether all was understood.

        Never raises, whatever the model wrote.
        """

    @abstractmethod
    def texts(self, value: object) -> tuple[str, ...]:
        """The free texts in a value, for the filters on what the model wrote."""

    @abstractmethod
    def with_texts(self, value: object, texts: tuple[str, ...]) -> object:
        """The value with its free texts replaced, in the order of `texts`."""

    @property
    def text_language(self) -> str:
        """ISO 639 code of the generated text, "" when unknown."""
        return ""

    def fields(self) -> tuple[str, ...]:
        """Source text or carried columns that the prompt reads."""
        return ()

    def files(self) -> tuple[str, ...]:
        """Files the task reads; their digests are part of the fingerprint."""
        return ()
