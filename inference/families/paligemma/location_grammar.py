"""Which tokens may follow in boxes and masks: four locations, then a label or sixteen codes.

A row's state says how far it has come. Nothing is asked of the words around.
"""

import re
from collections.abc import Sequence

import torch

from inference.families.paligemma.locations import MASK_CODES

_OTHER, _LOCATION, _SEGMENT, _SPACE = range(4)  # kinds of tokens
_PATTERNS = {
    _LOCATION: re.compile(r"<loc\d{4}>"),
    _SEGMENT: re.compile(r"<seg\d{3}>"),
    _SPACE: re.compile(r"[▁ ]+"),
}

FREE = 0  # the state between objects, and at the start
_BOX = 4  # four locations are there; before it, as many as the state says
_GAP = 5  # and spaces after them
_MASK = _GAP + MASK_CODES  # all codes are there; between, as many as the state is beyond _GAP


def _transitions() -> list[list[int]]:
    """The state after a token of a kind, by the state before; -1 where it may not follow."""
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
    """For a vocabulary, on a device: `names` are those of its tokens, by their codes."""

    def __init__(self, names: Sequence[str | None], device: torch.device) -> None:
        kinds = [
            next((kind for kind, each in _PATTERNS.items() if each.fullmatch(name or "")), _OTHER)
            for name in names
        ]
        self._kinds = torch.tensor(kinds, device=device)
        self._next = torch.tensor(_transitions(), device=device)

    def forbidden(self, states: torch.Tensor) -> torch.Tensor:
        """Whether a token may not follow: of states [rows], bool [rows, vocabulary]."""
        return (self._next.index_select(0, states) < 0).index_select(1, self._kinds)

    def after(self, states: torch.Tensor, codes: torch.Tensor) -> torch.Tensor:
        """The states [rows] after tokens [rows] that may follow."""
        kinds = self._kinds.index_select(0, codes)[:, None]
        return self._next.index_select(0, states).gather(1, kinds)[:, 0]
