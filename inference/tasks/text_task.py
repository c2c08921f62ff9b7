"""The base of tasks that are answered in plain text."""

from abc import ABC
from typing import ClassVar

import pyarrow as pa

from inference.tasks.task import AnswerReader, Task
from schemas.generation import Generation
from schemas.sample import Sample


class TextTask(Task, ABC):
    """A task whose value is the answer's text, without white space at its ends."""

    column: ClassVar[pa.DataType] = pa.string()

    def parse(
        self, generation: Generation, sample: Sample, reader: AnswerReader
    ) -> tuple[object, bool]:
        return generation.text.strip(), True

    def texts(self, value: object) -> tuple[str, ...]:
        return (str(value),)

    def with_texts(self, value: object, texts: tuple[str, ...]) -> object:
        (text,) = texts
        return text
