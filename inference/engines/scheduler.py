"""The order of work inside a block: which prompts are read in, continued and taken out when.

It follows from the prompts and from what is answered, never from time.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import torch

from inference.engines.decode_steps import Stepping
from inference.families.paligemma.kernels import Said
from inference.families.paligemma.kv_cache import Slots
from inference.families.paligemma.location_grammar import FREE

_NOWHERE = (0, 0, 0)  # token, column and state of a slot that is free


@dataclass(frozen=True, slots=True)
class Question:
    """A prompt about an image; `image` and `position` say whose it is."""

    image: int  # among the images of the block
    position: int  # among the prompts of the image
    prompt: list[int] = field(repr=False)  # tokens after those of the image
    limit: int  # of generated tokens, the end token not counted


@dataclass(slots=True)
class Answer:
    """What follows a prompt, up to and with the end token, or up to the limit."""

    question: Question
    codes: list[int] = field(default_factory=list, repr=False)
    logprobs: list[float] = field(default_factory=list, repr=False)
    state: int = FREE  # of the grammar


@dataclass(frozen=True, slots=True)
class Batch:
    """Questions to be read together."""

    questions: Sequence[Question]
    features: torch.Tensor = field(repr=False)  # [questions, image tokens, width]


class Tower(Protocol):
    """What of a text tower is needed here."""

    def prefill(
        self,
        features: torch.Tensor,
        prompts: Sequence[Sequence[int]],
        slots: Slots,
        into: Sequence[int],
        /,
    ) -> Said: ...


class Decoding:
    """Answers batches through fixed slots.

    A batch is read as soon as enough slots are free. Whether rows have ended is looked at after
    each run of steps; a row that ends within one goes on till its end, and what it says there is
    thrown away.
    """

    def __init__(
        self, tower: Tower, slots: Slots, stepping: Stepping, image_tokens: int, end: int
    ) -> None:
        self._tower = tower
        self._slots = slots
        self._stepping = stepping
        self._image_tokens = image_tokens
        self._end = end
        self._rows: list[Answer | None] = []  # by slot, up to the last in use; None: it is free
        self._changed = True  # rows have come or gone since the last step

    def answers(self, batches: Iterable[Batch]) -> Iterator[Answer]:
        """Answers, in the order of their ends; a batch is asked for when the one before is read."""
        waiting = iter(batches)
        batch = next(waiting, None)
        while batch is not None or self._rows:
            while batch is not None and len(batch.questions) <= len(self._free()):
                self._read(batch)
                batch = next(waiting, None)
            yield from self._taken_out()
            if self._rows:
                self._close_gaps()
                self._continue()
                yield from self._taken_out()

    def _free(self) -> list[int]:
        gaps = [slot for slot, row in enumerate(self._rows) if row is None]
        return [*gaps, *range(len(self._rows), self._slots.number)]

    def _read(self, batch: Batch) -> None:
        prompts = [question.prompt for question in batch.questions]
        into = self._free()[: len(prompts)]
        first = self._tower.prefill(batch.features, prompts, self._slots, into)
        begun = [Answer(question) for question in batch.questions]
        self._note(begun, Said(*(each[:, None] for each in first)))
        self._rows += [None] * (into[-1] + 1 - len(self._rows))
        for slot, row in zip(into, begun, strict=True):
            self._rows[slot] = row
        self._changed = True

    def _continue(self) -> None:
        """Let every row say more, and note what it said."""
        if self._changed:
            self._stepping.begin([_NOWHERE if row is None else self._at(row) for row in self._rows])
            self._changed = False
        longest = max(self._length(row) for row in self._rows if row is not None)
        self._note(self._rows, self._stepping.run(len(self._rows), longest))

    def _at(self, row: Answer) -> tuple[int, int, int]:
        """The row's last token, its column, and the state after it."""
        return row.codes[-1], self._length(row) - 1, row.state

    def _length(self, row: Answer) -> int:
        """Columns that the row takes, with its last token's."""
        return self._image_tokens + len(row.question.prompt) + len(row.codes)

    def _note(self, rows: Sequence[Answer | None], said: Said) -> None:
        for row, *more in zip(rows, *(each.tolist() for each in said), strict=False):
            for code, logprob, state in zip(*more, strict=True):
                if row is None or self._ended(row):
                    break
                row.codes.append(code)
                row.logprobs.append(logprob)
                row.state = state

    def _ended(self, row: Answer) -> bool:
        return len(row.codes) >= row.question.limit or row.codes[-1:] == [self._end]

    def _taken_out(self) -> list[Answer]:
        """Take out the rows that ended; their slots are free."""
        out = []
        for slot, row in enumerate(self._rows):
            if row is not None and self._ended(row):
                out.append(row)
                self._rows[slot] = None
        while self._rows and self._rows[-1] is None:
            del self._rows[-1]
        self._changed |= bool(out)
        return out

    def _close_gaps(self) -> None:
        """Move the last rows into gaps among the first, where fewer are then continued."""
        in_use = sum(row is not None for row in self._rows)
        each = self._stepping.rounding.rows
        left = -(-in_use // each) * each
        movers = [slot for slot in range(left, len(self._rows)) if self._rows[slot] is not None]
        if not movers:
            return
        gaps = [slot for slot in range(left) if self._rows[slot] is None][: len(movers)]
        moved = [self._rows[mover] for mover in movers]
        longest = max(self._length(row) for row in moved if row is not None)
        self._slots.move(movers, gaps, longest)
        for gap, row in zip(gaps, moved, strict=True):
            self._rows[gap] = row
        del self._rows[left:]
        self._changed = True
