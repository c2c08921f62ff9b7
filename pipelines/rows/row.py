"""A sample on its way to becoming a row, and rows as Arrow."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Literal

from pipelines.images import OpenedImage
from schemas.generation import FinishReason, Generation
from schemas.report import SampleStatus
from schemas.sample import RGB, Sample, Text

AnswerStatus = Literal["ok", "partial", "redacted", "dropped", "quarantined", "skipped"]


@dataclass(slots=True)
class Answer:
    """What a task came to for one sample."""

    status: AnswerStatus
    value: object = field(default=None, repr=False)
    raw: str | None = field(default=None, repr=False)
    finish_reason: FinishReason | None = None
    num_tokens: int | None = None
    mean_logprob: float | None = None  # natural logarithm; None for an empty answer
    withheld_by: str = ""  # filter/reason

    def withhold(self, status: Literal["dropped", "quarantined"], by: str) -> None:
        self.status, self.value, self.raw, self.withheld_by = status, None, None, by

    def info(self) -> dict[str, object]:
        return {
            "status": self.status,
            "finish_reason": self.finish_reason,
            "num_tokens": self.num_tokens,
            "mean_logprob": self.mean_logprob,
            "raw": self.raw,
        }


SKIPPED = Answer("skipped")  # the sample lacks what the task asks about


def answer(generation: Generation, value: object, understood: bool, keeps_raw: bool) -> Answer:
    """A generation as it is stored, before the filters on answers."""
    logprobs = [token.logprob for token in generation.tokens]
    return Answer(
        status="ok" if understood else "partial",
        value=value,
        raw=generation.text if keeps_raw else None,
        finish_reason=generation.finish_reason,
        num_tokens=len(logprobs),
        mean_logprob=sum(logprobs) / len(logprobs) if logprobs else None,
    )


@dataclass(slots=True)
class Row:
    """Everything known of one sample; what was not kept loses its content when stored."""

    shard: str
    index: int
    position: int = 0  # bytes of the shard read up to this sample
    texts: dict[str, Text] = field(default_factory=dict, repr=False)  # key, source_text, carried
    image: bytes = field(default=b"", repr=False)  # the encoded member, until it is decoded
    encoded: OpenedImage | None = field(default=None, repr=False)  # its header, likewise
    width: int = 0  # of the upright image
    height: int = 0
    num_frames: int = 1
    sha256: str = field(default="", repr=False)
    frames: tuple[RGB, ...] = field(default=(), repr=False)
    picture: RGB | None = field(default=None, repr=False)  # [S, S, 3] for the engine
    status: SampleStatus = "kept"
    closed: bool = False  # no filter is to see it any more
    language: str = ""  # of the source text, where it is known
    filter: str = ""
    reason: str = ""
    error: str = ""
    scores: dict[str, float] = field(default_factory=dict)
    redactions: Counter[str] = field(default_factory=Counter)
    answers: dict[str, Answer] = field(default_factory=dict, repr=False)

    @property
    def kept(self) -> bool:
        return self.status == "kept"

    def reject(self, status: SampleStatus, reason: str, by: str = "", error: str = "") -> None:
        """Decide against the sample; the first decision stands."""
        self.closed |= status == "invalid"
        if self.kept:
            self.status, self.filter, self.reason, self.error = status, by, reason, error

    def conceal(self) -> None:
        """Keep nothing of the sample but why it was rejected."""
        self.closed = True
        self.texts, self.language = {}, ""
        self.scores.clear()
        self.redactions.clear()
        self.release()

    def release(self) -> None:
        """Let go of what only decoding and the image filters need, and of a picture not wanted."""
        self.image, self.encoded, self.frames = b"", None, ()
        if not self.kept:
            self.picture = None

    def sample(self) -> Sample:
        """The sample as filters and tasks see it."""
        return Sample(
            self.shard,
            self.index,
            self.texts,
            self.image,
            self.width,
            self.height,
            self.frames,
            self.num_frames,
        )
