"""Continuous batching inside a block: when prompts are prefilled, decoded and taken out.

The order depends on the prompts and the decoded tokens, never on timing.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import torch

from inference.engines.decode_steps import DecodeLoop
from inference.families.loaded_model import (
    GRAMMAR_START,
    CachedLanguageModel,
    DecodeOutput,
    KVCache,
)

_FREE_SLOT = (0, 0, 0)  # token id, column and state


@dataclass(frozen=True, slots=True)
class DecodeRequest:
    """A prompt about the images of one request."""

    index: int  # of the request in the block
    position: int  # index among the prompts of the request
    image_tokens: int  # of all images of the request
    prompt_ids: list[int] = field(repr=False)  # token ids, without the image tokens
    max_new_tokens: int  # limit of the generated tokens, the end token included


@dataclass(slots=True)
class DecodedRow:
    """The tokens generated so far after a prompt; the end token, if generated, is the last one."""

    request: DecodeRequest
    token_ids: list[int] = field(default_factory=list, repr=False)
    logprobs: list[float] = field(default_factory=list, repr=False)
    state: int = GRAMMAR_START  # the grammar's, after the last token


@dataclass(frozen=True, slots=True)
class Batch:
    """Requests to be prefilled together."""

    requests: Sequence[DecodeRequest]
    features: torch.Tensor = field(repr=False)  # [requests, image tokens, width]; all have as many


class BatchScheduler:
    """A scheduler that decodes batches of requests in the fixed slots of a cache.

    A batch is prefilled as soon as enough slots are free. Finished rows are taken out after each
    run of the decode loop: a row that ends within a run continues to the end of the run, and its
    further tokens are discarded.
    """

    def __init__(
        self,
        model: CachedLanguageModel,
        cache: KVCache,
        loop: DecodeLoop,
        end_token: int,
    ) -> None:
        self._model = model
        self._cache = cache
        self._loop = loop
        self._end_token = end_token
        self._rows: list[DecodedRow | None] = []  # by slot, up to the last one in use; None: free
        self._changed = True  # rows have come, gone or moved since the last run

    def decode(self, batches: Iterable[Batch]) -> Iterator[DecodedRow]:
        """Yield the rows in the order in which they end.

        The next batch is taken from `batches` only when the previous batch is prefilled.
        """
        batches = iter(batches)
        waiting = next(batches, None)
        while waiting is not None or self._rows:
            while waiting is not None and len(waiting.requests) <= len(self._free_slots()):
                self._prefill(waiting)
                waiting = next(batches, None)
            yield from self._take_finished()
            if self._rows:
                self._close_gaps()
                self._run_steps()
                yield from self._take_finished()

    def _free_slots(self) -> list[int]:
        gaps = [slot for slot, row in enumerate(self._rows) if row is None]
        return [*gaps, *range(len(self._rows), self._cache.num_slots)]

    def _prefill(self, batch: Batch) -> None:
        prompts = [request.prompt_ids for request in batch.requests]
        slots = self._free_slots()[: len(prompts)]
        first = self._model.prefill(batch.features, prompts, self._cache, slots)
        rows = [DecodedRow(request) for request in batch.requests]
        self._append(rows, DecodeOutput(*(values[:, None] for values in first)))
        self._rows += [None] * (slots[-1] + 1 - len(self._rows))
        for slot, row in zip(slots, rows, strict=True):
            self._rows[slot] = row
        self._changed = True

    def _run_steps(self) -> None:
        if self._changed:
            rows = self._rows
            self._loop.set_rows([_FREE_SLOT if row is None else self._last(row) for row in rows])
            self._changed = False
        longest = max(self._columns(row) for row in self._rows if row is not None)
        self._append(self._rows, self._loop.run(len(self._rows), longest))

    def _last(self, row: DecodedRow) -> tuple[int, int, int]:
        """Return the row's last token id, the column of this token, and the state after it."""
        return row.token_ids[-1], self._columns(row) - 1, row.state

    def _columns(self, row: DecodedRow) -> int:
        """Count the columns of the row in the cache, including the column of its last token."""
        request = row.request
        return request.image_tokens + len(request.prompt_ids) + len(row.token_ids)

    def _append(self, rows: Sequence[DecodedRow | None], output: DecodeOutput) -> None:
        """Append the output to the rows; ignore tokens after the end of a row.

        The output is [rows, steps]; it may have more rows than `rows`.
        """
        for row, *steps in zip(rows, *(values.tolist() for values in output), strict=False):
            for token_id, logprob, state in zip(*steps, strict=True):
                if row is None or self._finished(row):
                    break
                row.token_ids.append(token_id)
                row.logprobs.append(logprob)
                row.state = state

    def _finished(self, row: DecodedRow) -> bool:
        at_limit = len(row.token_ids) >= row.request.max_new_tokens
        return at_limit or row.token_ids[-1:] == [self._end_token]

    def _take_finished(self) -> list[DecodedRow]:
        """Remove and return the finished rows, which frees their slots."""
        finished = []
        for slot, row in enumerate(self._rows):
            if row is not None and self._finished(row):
                finished.append(row)
                self._rows[slot] = None
        while self._rows and self._rows[-1] is None:
            del self._rows[-1]
        self._changed |= bool(finished)
        return finished

    def _close_gaps(self) -> None:
        """Move the last rows into gaps among the first, if that leaves fewer rows to decode."""
        in_use = sum(row is not None for row in self._rows)
        needed = self._loop.buckets.padded_rows(in_use)
        sources = [slot for slot in range(needed, len(self._rows)) if self._rows[slot] is not None]
        if not sources:
            return
        targets = [slot for slot in range(needed) if self._rows[slot] is None][: len(sources)]
        moved = [self._rows[source] for source in sources]
        longest = max(self._columns(row) for row in moved if row is not None)
        self._cache.move(sources, targets, longest)
        for target, row in zip(targets, moved, strict=True):
            self._rows[target] = row
        del self._rows[needed:]
        self._changed = True
