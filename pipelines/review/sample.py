"""A sample as a page shows it, and its row in the file of decisions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from pipelines.planning.decisions import CSV_COLUMNS, escape_cell
from schemas.sample_status import SampleStatus

# The page adds the decision itself.
COLUMNS = tuple(name for name in CSV_COLUMNS if name != "decision")


class Drawn(NamedTuple):
    """How a sample was drawn for the page; each field is a column of the file of decisions."""

    score: str  # the name of the score by which samples were drawn, such as `toxicity_rules.score`
    value: float  # the sample's score
    stratum_from: float  # of the score, inclusive; can be -inf
    stratum_to: float  # exclusive; can be inf
    stratum_size: int  # samples of the stratum
    stratum_drawn: int  # samples that were drawn from the stratum


class PictureBox(NamedTuple):
    """A box that is drawn over the picture, in shares of its width and height."""

    source: Literal["answer", "reference"]
    label: str
    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True, slots=True)
class ReviewSample:
    """A kept or quarantined sample, as the filters of its output leave it.

    The key and the texts are redacted, and the picture has no metadata.
    """

    shard: str
    index: int
    digest: str  # by `sample_digest`, of the sample as its shard holds it
    status: SampleStatus  # in the output
    filter: str = ""  # that decided, or whose threshold is calibrated
    reason: str = ""
    key: str = field(default="", repr=False)
    texts: Mapping[str, str] = field(default_factory=dict, repr=False)  # without the key
    picture: bytes = field(default=b"", repr=False)  # a small WebP; empty if none can be shown
    size: tuple[int, int] | None = None  # width and height of the only image of the picture
    boxes: Sequence[PictureBox] = field(default=(), repr=False)
    summary: str = ""  # a line above the texts; "": what the filters decided
    scores: Mapping[str, float] = field(default_factory=dict)
    drawn: Drawn | None = None  # None: all samples are shown

    def summary_line(self) -> str:
        """Return the line above the texts."""
        by = ": ".join(each for each in (self.filter, self.reason) if each)
        return self.summary or (f"{self.status} by {by}" if by else self.status)

    def cells(self) -> list[str]:
        """Return the cells of COLUMNS, in which no spreadsheet sees a formula."""
        values = {
            "shard": self.shard,
            "index": self.index,
            "key": self.key,
            "filter": self.filter,
            "reason": self.reason,
            "digest": self.digest,
            **(self.drawn._asdict() if self.drawn else {}),
        }
        return [escape_cell(str(values.get(name, ""))) for name in COLUMNS]
