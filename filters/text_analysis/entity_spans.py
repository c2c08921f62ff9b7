"""Turn the token probabilities of a token classifier into spans of personal data."""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
import numpy.typing as npt

from filters.classifiers.class_labels import ClassLabels
from filters.text_analysis.redaction import Match
from schemas.errors import JobError

if TYPE_CHECKING:
    from filters.classifiers.hugging_face import Window  # which imports torch

# Prefix of a label, the token's position in its entity: beginning, inside, last, end, unit, single.
_PREFIX = re.compile(r"([BILEUS])[-_](?=.)")
_FIRST = frozenset("BUS")
_PLACEHOLDER = re.compile(r"\[[A-Z][A-Z0-9_]*\]")
# Kana, Han ideographs and Thai are written without spaces, so entities there are no whole words.
_WORD = re.compile(r"[^\W\u0e00-\u0e7f\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]+")


@dataclass(frozen=True, slots=True)
class InfotypeMapping:
    """The mapping from the labels of a token classifier to infotypes."""

    names: tuple[str, ...]
    members: npt.NDArray[np.float32]  # [labels, infotypes], 1 if the label belongs to the infotype
    begins: npt.NDArray[np.bool_]  # [labels], whether a label begins an entity

    @classmethod
    def of(cls, labels: ClassLabels, infotypes: Mapping[str, str]) -> Self:
        """Build the mapping; `infotypes` maps labels, without prefix and in any case, to infotypes.

        Raises JobError for a label that the model does not have.
        """
        bare = [_PREFIX.sub("", name, count=1).casefold() for name in labels.names]
        names = tuple(dict.fromkeys(infotypes.values()))
        members = np.zeros((len(bare), len(names)), np.float32)
        for label, infotype in infotypes.items():
            matching = [name == label.casefold() for name in bare]
            if not any(matching):
                raise JobError(f"labels: the model has no label {label!r}: take some of {labels}")
            members[matching, names.index(infotype)] = 1
        prefixes = [_PREFIX.match(name) for name in labels.names]
        begins = np.array([prefix is not None and prefix[1] in _FIRST for prefix in prefixes])
        return cls(names, members, begins)

    def probabilities(self, window: "Window") -> npt.NDArray[np.float32]:
        """Return each token's probability per infotype, [tokens, infotypes].

        It is the sum over the labels of the infotype; NaN stays NaN.
        """
        return window.probabilities @ self.members


def find_entities(
    text: str, windows: Iterable["Window"], infotypes: InfotypeMapping, min_score: float
) -> list[Match]:
    """Find the entities in all windows of a text, widened to whole words.

    No entity begins inside a placeholder. Entities of overlapping windows can overlap.
    """
    placeholders = _Spans([match.span() for match in _PLACEHOLDER.finditer(text)])
    entities = [
        entity
        for window in windows
        for entity in _entities(text, window, infotypes, min_score, placeholders)
    ]
    words = _Spans([match.span() for match in _WORD.finditer(text)] if entities else [])
    return [_widen(entity, words) for entity in entities]


def _entities(
    text: str,
    window: "Window",
    infotypes: InfotypeMapping,
    min_score: float,
    placeholders: "_Spans",
) -> Iterator[Match]:
    """Yield the entities in one window: consecutive tokens of one infotype.

    A token continues the entity that it touches. Across white space it continues the entity too,
    unless its label marks a beginning.
    """
    entity: Match | None = None
    probabilities = infotypes.probabilities(window)
    begins = infotypes.begins[window.probabilities.argmax(axis=1)]
    for (start, end), token, begin in zip(window.spans, probabilities, begins, strict=True):
        start += len(text[start:end]) - len(text[start:end].lstrip())  # some include a space before
        if start == end or placeholders.at(start):
            continue
        if token.max() < min_score:
            if entity:
                yield entity
            entity = None
            continue
        infotype = infotypes.names[token.argmax()]
        if entity and entity.infotype == infotype and _continues(text[entity.end : start], begin):
            entity = Match(infotype, entity.start, max(entity.end, end))
        else:
            if entity:
                yield entity
            entity = Match(infotype, start, end)
    if entity:
        yield entity


def _widen(entity: Match, words: "_Spans") -> Match:
    first, last = words.at(entity.start), words.at(entity.end - 1)
    return Match(
        entity.infotype, first[0] if first else entity.start, last[1] if last else entity.end
    )


def _continues(between: str, begin: bool) -> bool:
    return not between or (between.isspace() and not begin)


class _Spans:
    """Sorted spans of a text that do not overlap."""

    def __init__(self, spans: Sequence[tuple[int, int]]) -> None:
        self._spans = spans
        self._starts = [start for start, _ in spans]

    def at(self, position: int) -> tuple[int, int] | None:
        """Return the span that contains the character at `position`; None if no span does."""
        index = bisect_right(self._starts, position) - 1
        inside = index >= 0 and position < self._spans[index][1]
        return self._spans[index] if inside else None
