"""The order of work inside a block: which prompts are read in, continued and taken out when.

It follows from the prompts and from what is answered, never from time.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import torch

from inference.slots import Slots
from inference.text_tower import Likeliest

_COLUMNS = 32  # attention sees whole numbers of so many: few shapes, so few allocations


@dataclass(frozen=True, slots=True)
class Question:
    """A prompt about an image; `image` and `position` say whose it is."""

    image: int  # among the images of the block
    position: int  # among the prompts of the image
    prompt: list[int] = field(repr=False)  # tokens after those of the image
    limit: int  # of generated tokens, the end token not counted


@dataclass(frozen=True, slots=True)
class Answer:
    """What follows a prompt, up to and with the end token, or up to the limit."""

    question: Question
    codes: list[int] = field(default_factory=list, repr=False)
    logprobs: list[float] = field(default_factory=list, repr=False)


@dataclass(frozen=True, slots=True)
class Batch:
    """Questions to be read together."""

    questions: Sequence[Question]
    features: torch.Tensor = field(repr=False)  # [questions, image tokens, width]


class Tower(Protocol):
    """What of a text tower is needed here."""

    def prefill(
        self, features: torch.Tensor, prompts: Sequence[Sequence[int]], slots: Slots, first: int, /
    ) -> Likeliest: ...

    def step(
        self, codes: torch.Tensor, columns: torch.Tensor, slots: Slots, seen: int, /
    ) -> Likeliest: ...


class Decoding:
    """Answers batches through fixed slots; the rows in use are the first ones, without a gap.

    A batch is read as soon as enough slots are free. Whether rows have ended is looked at every
    `steps` steps, for on a GPU a look waits for all that was asked of it; a row that ends between
    looks goes on till the next, and what it says there is thrown away.
    """

    def __init__(self, tower: Tower, slots: Slots, image_tokens: int, end: int, steps: int) -> None:
        self._tower = tower
        self._slots = slots
        self._image_tokens = image_tokens
        self._end = end
        self._steps = steps
        self._rows: list[Answer] = []
        self._codes: Any = None  # the rows' last tokens and their columns; None: to be made anew
        self._columns: Any = None

    def answers(self, batches: Iterable[Batch]) -> Iterator[Answer]:
        """Answers, in the order of their ends; a batch is asked for when the one before is read."""
        waiting = iter(batches)
        batch = next(waiting, None)
        while batch is not None or self._rows:
            while batch is not None and self._fits(batch):
                self._read(batch)
                batch = next(waiting, None)
            yield from self._taken_out()
            if self._rows:
                self._continue()

    def _fits(self, batch: Batch) -> bool:
        return len(self._rows) + len(batch.questions) <= self._slots.number

    def _read(self, batch: Batch) -> None:
        prompts = [question.prompt for question in batch.questions]
        first = self._tower.prefill(batch.features, prompts, self._slots, len(self._rows))
        begun = [Answer(question) for question in batch.questions]
        self._note(begun, [first])
        self._rows += begun
        self._codes = None

    def _continue(self) -> None:
        """Let every row say more, and note what it said."""
        device = self._slots.device
        lengths = [self._length(row) for row in self._rows]
        if self._codes is None:
            self._codes = torch.tensor([row.codes[-1] for row in self._rows], device=device)
            self._columns = torch.tensor(lengths, device=device) - 1
        left = max(row.question.limit - len(row.codes) for row in self._rows)
        steps = min(self._steps, left)
        seen = -(-(max(lengths) + steps - 1) // _COLUMNS) * _COLUMNS
        said = []
        for _ in range(steps):
            following = self._tower.step(
                self._codes, self._columns, self._slots, min(seen, self._slots.capacity)
            )
            said.append(following)
            self._codes, self._columns = following.codes, self._columns + 1
        self._note(self._rows, said)

    def _length(self, row: Answer) -> int:
        """Columns that the row takes, with its last token's."""
        return self._image_tokens + len(row.question.prompt) + len(row.codes)

    def _note(self, rows: Sequence[Answer], said: Sequence[Likeliest]) -> None:
        codes = torch.stack([each.codes for each in said], dim=1).tolist()
        logprobs = torch.stack([each.logprobs for each in said], dim=1).tolist()
        for row, *more in zip(rows, codes, logprobs, strict=True):
            for code, logprob in zip(*more, strict=True):
                if self._ended(row):
                    break
                row.codes.append(code)
                row.logprobs.append(logprob)

    def _ended(self, row: Answer) -> bool:
        return len(row.codes) >= row.question.limit or row.codes[-1:] == [self._end]

    def _taken_out(self) -> list[Answer]:
        """Take out the rows that ended; the last rows move into the gaps among the first."""
        ended = [self._ended(row) for row in self._rows]
        if not any(ended):
            return []
        out = [row for row, over in zip(self._rows, ended, strict=True) if over]
        left = len(self._rows) - len(out)
        gaps = [slot for slot in range(left) if ended[slot]]
        movers = [slot for slot in range(left, len(self._rows)) if not ended[slot]]
        if movers:
            longest = max(self._length(self._rows[mover]) for mover in movers)
            self._slots.move(movers, gaps, longest)
        for mover, gap in zip(movers, gaps, strict=True):
            self._rows[gap] = self._rows[mover]
        del self._rows[left:]
        self._codes = None
        return out
