"""The verdict of one filter on one item."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from schemas.sample import TextBox

Action = Literal["keep", "redact", "indeterminate", "quarantine", "drop"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """The judgment of one filter; `reason` is a code, never a quotation."""

    action: Action
    reason: str = ""
    scores: Mapping[str, float] = field(default_factory=dict)  # on keep too, to retune thresholds
    counts: Mapping[str, int] = field(default_factory=dict)  # infotype -> number of matches
    text: str = field(default="", repr=False)  # after redaction
    boxes: tuple[TextBox, ...] = ()  # of text in an image


def keep(scores: Mapping[str, float] | None = None) -> Verdict:
    return Verdict("keep", scores=scores or {})


def drop(reason: str, scores: Mapping[str, float] | None = None) -> Verdict:
    return Verdict("drop", reason, scores or {})


def redact(
    text: str, counts: Mapping[str, int], scores: Mapping[str, float] | None = None
) -> Verdict:
    return Verdict("redact", scores=scores or {}, counts=counts, text=text)


def quarantine(reason: str, scores: Mapping[str, float] | None = None) -> Verdict:
    """Return the verdict on an item that was judged, but that a person must decide about."""
    return Verdict("quarantine", reason, scores or {})


def indeterminate(reason: str, scores: Mapping[str, float] | None = None) -> Verdict:
    """Return the verdict on an item that was not judged (error, time-out, unsupported language).

    The filter's `on_indeterminate` then decides; by default, the item is quarantined.
    """
    return Verdict("indeterminate", reason, scores or {})
