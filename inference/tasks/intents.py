"""What a task asks for (its intent), independent of how a model family words it."""

from dataclasses import dataclass
from typing import Literal

from inference.tasks.detections import Box

REGION = "{region}"  # in a raw prompt: the place of the region


@dataclass(frozen=True, slots=True)
class DescribeImage:
    """The intent of a caption: `short` as in COCO, `alt_text` as on the web, or `long`."""

    style: Literal["short", "alt_text", "long"]
    language: str


@dataclass(frozen=True, slots=True)
class Region:
    """A box, in pixels of an image of `width` x `height`."""

    box: Box
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class DescribeRegion:
    """The intent of a caption of what is in a box, which the prompt names."""

    region: Region


@dataclass(frozen=True, slots=True)
class ReadText:
    """The intent of reading all text in the image, in raster order."""


@dataclass(frozen=True, slots=True)
class AnswerQuestion:
    """The intent of answering a question about the image."""

    question: str
    language: str
    choices: tuple[str, ...] = ()  # empty: any answer


@dataclass(frozen=True, slots=True)
class AskQuestion:
    """The intent of asking a question about the image that has the given answer."""

    answer: str
    language: str


@dataclass(frozen=True, slots=True)
class LocateObjects:
    """The intent of locating all objects with one of the labels: boxes and, with `masks`, masks."""

    labels: tuple[str, ...]
    masks: bool = False


@dataclass(frozen=True, slots=True)
class RawPrompt:
    """The intent of a prompt that is used as it is; the region replaces `{region}` in it."""

    text: str
    region: Region | None = None


Intent = (
    DescribeImage
    | DescribeRegion
    | ReadText
    | AnswerQuestion
    | AskQuestion
    | LocateObjects
    | RawPrompt
)
