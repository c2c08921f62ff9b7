"""From what a token classifier says of tokens to the stretches of text that are personal data."""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
import numpy.typing as npt

from filters.classifiers.class_labels import Labels
from filters.text_analysis.redaction import Match
from schemas.errors import JobError

if TYPE_CHECKING:
    from filters.classifiers.hugging_face import Window  # which imports torch

# Where in an entity a label says that its token stands: beginning, inside, last, end, unit, single.
_PLACE = re.compile(r"([BILEUS])[-_](?=.)")
_FIRST = frozenset("BUS")
_PLACEHOLDER = re.compile(r"\[[A-Z][A-Z0-9_]*\]")
# Kana, Han ideographs and Thai are written without spaces: an entity there is no whole word.
_WORD = re.compile(r"[^\W\u0e00-\u0e7f\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]+")


@dataclass(frozen=True, slots=True)
class Infotypes:
    """What the outputs of a token classifier stand for."""

    names: tuple[str, ...]
    members: npt.NDArray[np.float32]  # [labels, infotypes], 1 where a label is of an infotype
    begins: npt.NDArray[np.bool_]  # [labels], whether a label begins an entity

    @classmethod
    def of(cls, labels: Labels, wanted: Mapping[str, str]) -> Self:
        """`wanted` maps labels to infotypes, without the place in front, in any case; JobError."""
        bare = [_PLACE.sub("", own, count=1).casefold() for own in labels.names]
        names = tuple(dict.fromkeys(wanted.values()))
        members = np.zeros((len(bare), len(names)), np.float32)
        for label, infotype in wanted.items():
            alike = [own == label.casefold() for own in bare]
            if not any(alike):
                raise JobError(f"labels: the model has no label {label!r}: take some of {labels}")
            members[alike, names.index(infotype)] = 1
        places = [_PLACE.match(own) for own in labels.names]
        begins = np.array([place is not None and place[1] in _FIRST for place in places])
        return cls(names, members, begins)

    def chances(self, window: "Window") -> npt.NDArray[np.float32]:
        """How likely each token is of each infotype, all its labels together: [tokens, infotypes].

        NaN stays NaN.
        """
        return window.probabilities @ self.members


def find_entities(
    text: str, windows: Iterable["Window"], infotypes: Infotypes, min_score: float
) -> list[Match]:
    """The entities in all windows of a text, widened to whole words; none inside a placeholder.

    They overlap where windows do.
    """
    hidden = _Stretches([match.span() for match in _PLACEHOLDER.finditer(text)])
    found = [run for window in windows for run in _runs(text, window, infotypes, min_score, hidden)]
    words = _Stretches([match.span() for match in _WORD.finditer(text)] if found else [])
    return [_widened(run, words) for run in found]


def _runs(
    text: str, window: "Window", infotypes: Infotypes, min_score: float, hidden: "_Stretches"
) -> Iterator[Match]:
    """The entities in one window: tokens in a row of one infotype.

    A token goes on the entity that it touches or, unless its label is that of a beginning, that
    white space alone parts it from.
    """
    run: Match | None = None
    chances = infotypes.chances(window)
    begins = infotypes.begins[window.probabilities.argmax(axis=1)]
    for (start, end), chance, begin in zip(window.spans, chances, begins, strict=True):
        start += len(text[start:end]) - len(text[start:end].lstrip())  # some hold the space before
        if start == end or hidden.at(start):
            continue
        if chance.max() < min_score:
            if run:
                yield run
            run = None
            continue
        infotype = infotypes.names[chance.argmax()]
        if run and run.infotype == infotype and _goes_on(text[run.end : start], begin):
            run = Match(infotype, run.start, max(run.end, end))
        else:
            if run:
                yield run
            run = Match(infotype, start, end)
    if run:
        yield run


def _widened(run: Match, words: "_Stretches") -> Match:
    first, last = words.at(run.start), words.at(run.end - 1)
    return Match(run.infotype, first[0] if first else run.start, last[1] if last else run.end)


def _goes_on(between: str, begin: bool) -> bool:
    return not between or (between.isspace() and not begin)


class _Stretches:
    """Stretches of a text that do not overlap, in order."""

    def __init__(self, stretches: Sequence[tuple[int, int]]) -> None:
        self._stretches = stretches
        self._starts = [start for start, _ in stretches]

    def at(self, place: int) -> tuple[int, int] | None:
        """The one that a character lies in."""
        number = bisect_right(self._starts, place) - 1
        covers = number >= 0 and place < self._stretches[number][1]
        return self._stretches[number] if covers else None
