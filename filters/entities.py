"""From what a token classifier says of tokens to the stretches of text that are personal data."""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Self

import numpy as np
import numpy.typing as npt

from filters.labels import Labels
from schemas.errors import JobError

if TYPE_CHECKING:
    from filters.hugging_face import Window  # which imports torch

# Where in an entity a label says that its token stands: beginning, inside, last, end, unit, single.
_PLACE = re.compile(r"([BILEUS])[-_](?=.)")
_FIRST = frozenset("BUS")
_PLACEHOLDER = re.compile(r"\[[A-Z][A-Z0-9_]*\]")
# Kana, Han ideographs and Thai are written without spaces: an entity there is no whole word.
_WORD = re.compile(r"[^\W\u0e00-\u0e7f\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]+")


class Entity(NamedTuple):
    """A stretch of a text."""

    infotype: str
    start: int  # characters
    end: int


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
) -> list[Entity]:
    """The entities in all windows of a text, widened to whole words; none inside a placeholder.

    What windows find of one infotype in stretches that overlap is one entity.
    """
    hidden = _Stretches([match.span() for match in _PLACEHOLDER.finditer(text)])
    runs = [run for window in windows for run in _runs(text, window, infotypes, min_score, hidden)]
    if not runs:
        return []
    words = _Stretches([match.span() for match in _WORD.finditer(text)])
    found: list[Entity] = []
    for infotype, start, end in sorted(runs):
        start, end = words.around(start)[0], words.around(end - 1)[1]
        if found and found[-1].infotype == infotype and start < found[-1].end:
            found[-1] = found[-1]._replace(end=max(end, found[-1].end))
        else:
            found.append(Entity(infotype, start, end))
    return sorted(found, key=lambda entity: entity.start)


def _runs(
    text: str, window: "Window", infotypes: Infotypes, min_score: float, hidden: "_Stretches"
) -> Iterator[Entity]:
    """The entities in one window: tokens in a row of one infotype.

    A token goes on the entity that it touches, or that white space alone parts it from unless its
    label is that of a beginning.
    """
    run: Entity | None = None
    chances = infotypes.chances(window)
    begins = infotypes.begins[window.probabilities.argmax(axis=1)]
    for (start, end), chance, first in zip(window.spans, chances, begins, strict=True):
        start += len(text[start:end]) - len(text[start:end].lstrip())  # "▁Ada" is " Ada"
        infotype = infotypes.names[chance.argmax()]
        if start == end or hidden.cover(start):
            continue
        if chance.max() < min_score:
            if run:
                yield run
            run = None
        elif run and run.infotype == infotype and _goes_on(text[run.end : start], first):
            run = run._replace(end=max(run.end, end))
        else:
            if run:
                yield run
            run = Entity(infotype, start, end)
    if run:
        yield run


def _goes_on(between: str, first: bool) -> bool:
    return not between or (between.isspace() and not first)


class _Stretches:
    """Stretches of a text that do not overlap, in order."""

    def __init__(self, stretches: Sequence[tuple[int, int]]) -> None:
        self._stretches = stretches
        self._starts = [start for start, _ in stretches]

    def around(self, place: int) -> tuple[int, int]:
        """The stretch that a character lies in; the character alone where it lies in none."""
        number = bisect_right(self._starts, place) - 1
        if number >= 0 and place < self._stretches[number][1]:
            return self._stretches[number]
        return place, place + 1

    def cover(self, place: int) -> bool:
        number = bisect_right(self._starts, place) - 1
        return number >= 0 and place < self._stretches[number][1]
