"""What a task asks for, independent of how a model family words it."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class DescribeImage:
    """Asks for a caption in a style: `short` as in COCO, `alt_text` as on the web, or `long`."""

    style: Literal["short", "alt_text", "long"]
    language: str


@dataclass(frozen=True, slots=True)
class ReadText:
    """Asks for all text in the image, in raster order."""


@dataclass(frozen=True, slots=True)
class AnswerQuestion:
    """Asks for the answer to a question about the image."""

    question: str
    language: str


@dataclass(frozen=True, slots=True)
class AskQuestion:
    """Asks for a question about the image that has the given answer."""

    answer: str
    language: str


@dataclass(frozen=True, slots=True)
class LocateObjects:
    """Asks for the boxes, and with `masks` the masks, of all objects with one of the labels."""

    labels: tuple[str, ...]
    masks: bool = False


@dataclass(frozen=True, slots=True)
class RawPrompt:
    """Asks with a prompt that is used as it is."""

    text: str


Intent = DescribeImage | ReadText | AnswerQuestion | AskQuestion | LocateObjects | RawPrompt
