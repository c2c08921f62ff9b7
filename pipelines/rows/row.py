"""A row: one sample on its way to the output, and its answers."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Literal, Protocol

import pyarrow as pa

from inference import Task
from pipelines.images import OpenedImage
from schemas.generation import FinishReason, Generation
from schemas.sample import RGB, Sample, Text, TextBox
from schemas.sample_status import SampleStatus

AnswerStatus = Literal["ok", "partial", "redacted", "dropped", "quarantined", "skipped"]


@dataclass(slots=True)
class Answer:
    """The result of one task for one sample."""

    status: AnswerStatus
    value: object = field(default=None, repr=False)
    raw: str | None = field(default=None, repr=False)
    finish_reason: FinishReason | None = None
    num_tokens: int | None = None
    mean_logprob: float | None = None  # natural logarithm; None for an empty answer
    logprobs: tuple[float, ...] | None = field(default=None, repr=False)  # if the task keeps them
    withheld_by: str = ""  # filter/reason

    def withhold(self, status: Literal["dropped", "quarantined"], by: str) -> None:
        """Remove the answer's content; `by` is `filter/reason` of the filter that rejected it."""
        self.status, self.withheld_by = status, by
        self.value = self.raw = self.logprobs = None

    def info(self) -> dict[str, object]:
        """Return the fields of the column `<task>_info`."""
        return {
            "status": self.status,
            "finish_reason": self.finish_reason,
            "num_tokens": self.num_tokens,
            "mean_logprob": self.mean_logprob,
            "raw": self.raw,
        }


SKIPPED = Answer("skipped")  # the sample lacks the field that the task asks about


def answer(generation: Generation, value: object, complete: bool, task: Task) -> Answer:
    """Build the stored answer of a generation, before the filters judge it."""
    logprobs = tuple(token.logprob for token in generation.tokens)
    return Answer(
        status="ok" if complete else "partial",
        value=value,
        raw=generation.text if task.keeps_raw else None,
        finish_reason=generation.finish_reason,
        num_tokens=len(logprobs),
        mean_logprob=sum(logprobs) / len(logprobs) if logprobs else None,
        logprobs=(generation.choice_logprobs or logprobs) if task.logprobs else None,
    )


class ImageState(Protocol):
    """An image of a row on its way to the model: the row itself for its first, else RowImage."""

    image: bytes
    encoded: OpenedImage | None
    width: int
    height: int
    num_frames: int
    duration: float | None
    fps: float | None
    is_video: bool
    truncated: bool | None
    decoded_rows: float | None
    sha256: str
    frames: tuple[RGB, ...]


@dataclass(slots=True)
class RowImage:
    """An image of a row after the first; the fields are those of Row."""

    image: bytes = field(default=b"", repr=False)
    encoded: OpenedImage | None = field(default=None, repr=False)
    width: int = 0
    height: int = 0
    num_frames: int = 1
    duration: float | None = None
    fps: float | None = None
    is_video: bool = False
    truncated: bool | None = None
    decoded_rows: float | None = None
    sha256: str = field(default="", repr=False)
    frames: tuple[RGB, ...] = field(default=(), repr=False)


@dataclass(slots=True)
class Row:
    """Everything known about one sample; a row that is not kept is stored without content."""

    shard: str
    index: int
    position: int = 0  # bytes of the shard read up to this sample
    left_out: int = 0  # members that macOS added to the shard, since the sample before
    texts: dict[str, Text] = field(default_factory=dict, repr=False)  # key, source_text, carried
    # Carried values of columns that are not text, in their own types; texts has them too.
    values: dict[str, pa.Scalar] = field(default_factory=dict, repr=False)
    image: bytes = field(default=b"", repr=False)  # the encoded image, until no step needs it
    encoded: OpenedImage | None = field(default=None, repr=False)  # the image with its header read
    width: int = 0  # of the upright image
    height: int = 0
    num_frames: int = 1
    duration: float | None = None  # of a video, in seconds
    fps: float | None = None
    is_video: bool = False
    truncated: bool | None = None  # whether the image file ends early; None: not decoded
    decoded_rows: float | None = None  # share of the image's rows that the file has
    sha256: str = field(default="", repr=False)
    pdq: str | None = field(default=None, repr=False)  # None: not computed, or the image is flat
    pdq_quality: int | None = None
    pdq_frames: tuple[str | None, ...] = field(
        default=(), repr=False
    )  # of a video's sampled frames
    text_boxes: tuple[TextBox, ...] = ()
    frames: tuple[RGB, ...] = field(default=(), repr=False)
    others: list[RowImage] = field(default_factory=list, repr=False)  # the images after the first
    # For the engine, each [S, S, 3]; usual jobs have one.
    model_images: tuple[RGB, ...] = field(default=(), repr=False)
    status: SampleStatus = "kept"
    closed: bool = False  # no later filter judges it
    anew: bool = False  # judged from the shard again, though an earlier output has a verdict
    # The number of the filters whose quarantine a person has overruled: the first ones of the job.
    overruled: int = 0
    language: str = ""  # of the source text; "" if no filter needed it
    filter: str = ""
    reason: str = ""
    error: str = ""
    scores: dict[str, float] = field(default_factory=dict)
    redactions: Counter[str] = field(default_factory=Counter)
    seen_by: list[str] = field(default_factory=list)  # names of filters, in the order of their runs
    redacted_by: list[str] = field(default_factory=list)
    answers: dict[str, Answer] = field(default_factory=dict, repr=False)

    @property
    def kept(self) -> bool:
        return self.status == "kept"

    def reject(self, status: SampleStatus, reason: str, by: str = "", error: str = "") -> None:
        """Reject the sample, unless an earlier step has rejected it; close an `invalid` row."""
        self.closed |= status == "invalid"
        if self.kept:
            self.status, self.filter, self.reason, self.error = status, by, reason, error

    def conceal(self) -> None:
        """Remove the sample's texts, language, scores, redactions and image, and close the row.

        The status and the reason of the rejection stay.
        """
        self.closed = True
        self.texts, self.values, self.language = {}, {}, ""
        self.scores.clear()
        self.redactions.clear()
        self.redacted_by.clear()
        self.text_boxes = ()
        self.free_image()

    def free_image(self) -> None:
        """Free the encoded image and frames, and the model images unless the row is kept."""
        for each in self.images():
            each.image, each.encoded, each.frames = b"", None, ()
        if not self.kept:
            self.model_images = ()

    def images(self) -> tuple[ImageState, ...]:
        """Return all images of the row in their order; the row itself holds the first."""
        return (self, *self.others)

    def sample(self) -> Sample:
        """Return the sample in the form that filters and tasks take; it has the first image."""
        return self._sample_of(self)

    def samples(self) -> list[Sample]:
        """Return the sample with each of its images in turn, for filters of images."""
        return [self._sample_of(each) for each in self.images()]

    def _sample_of(self, image: ImageState) -> Sample:
        return Sample(
            self.shard,
            self.index,
            self.texts,
            image.image,
            image.width,
            image.height,
            image.frames,
            image.num_frames,
            self.values,
            tuple(each.image for each in self.others),
            image.duration,
            image.fps,
            image.is_video,
        )
