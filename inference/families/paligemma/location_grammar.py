"""A grammar of location answers: four location tokens, then a label or sixteen mask codes.

A row's state counts the tokens of the current object. Labels and all text between objects are not
constrained.
"""

import re
from collections.abc import Sequence

import torch

from inference.families.loaded_model import GRAMMAR_START
from inference.families.paligemma.locations import MASK_CODES

_OTHER, _LOCATION, _SEGMENT, _SPACE = range(4)  # kinds of tokens
_PATTERNS = {
    _LOCATION: re.compile(r"<loc\d{4}>"),
    _SEGMENT: re.compile(r"<seg\d{3}>"),
    _SPACE: re.compile(r"[▁ ]+"),
}

FREE = GRAMMAR_START  # the state between objects, and at the start
_BOX = 4  # after four locations; states 1 to 3 count the locations before
_GAP = 5  # after the spaces that follow a box
_MASK = _GAP + MASK_CODES  # after all mask codes; the states since _GAP count the codes before


def _transitions() -> list[list[int]]:
    """Build the table of next states, by state and kind of token; -1 marks a forbidden token."""
    table = [[-1] * 4 for _ in range(_MASK + 1)]
    table[FREE] = [FREE, 1, -1, FREE]
    for locations in range(1, _BOX):
        table[locations][_LOCATION] = locations + 1
    table[_BOX] = table[_GAP] = [FREE, -1, _GAP + 1, _GAP]
    for state in range(_GAP + 1, _MASK):
        table[state][_SEGMENT] = state + 1
    table[_MASK] = [FREE, -1, -1, FREE]
    return table


class Grammar:
    """The grammar over a vocabulary, on a device; `names` are the tokens' names by token id."""

    def __init__(self, names: Sequence[str | None], device: torch.device) -> None:
        kinds = [
            next(
                (kind for kind, pattern in _PATTERNS.items() if pattern.fullmatch(name or "")),
                _OTHER,
            )
            for name in names
        ]
        self._kinds = torch.tensor(kinds, device=device)
        self._next = torch.tensor(_transitions(), device=device)

    def forbidden(self, states: torch.Tensor) -> torch.Tensor:
        """Return the tokens forbidden in states [rows]: bool [rows, vocabulary]."""
        return (self._next.index_select(0, states) < 0).index_select(1, self._kinds)

    def after(self, states: torch.Tensor, token_ids: torch.Tensor) -> torch.Tensor:
        """Return the states [rows] that follow after allowed tokens [rows]."""
        kinds = self._kinds.index_select(0, token_ids)[:, None]
        return self._next.index_select(0, states).gather(1, kinds)[:, 0]
