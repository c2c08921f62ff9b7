"""Scores given answers over the KV cache: a prompt is prefilled once for all its choices."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import torch

from inference.engines.shape_buckets import ShapeBuckets
from inference.families.loaded_model import CachedLanguageModel, KVCache, Vocabulary
from schemas.generation import Generation, Request, Token


@dataclass(frozen=True, slots=True)
class ScoreRequest:
    """A prompt about the images of one request, and its choices."""

    index: int  # of the request in the block
    position: int  # among the prompts with choices of the request
    image_tokens: int  # of all images of the request
    prompt_ids: list[int] = field(repr=False)  # token ids, without the image tokens
    choices: tuple[str, ...] = field(repr=False)
    choice_ids: list[list[int]] = field(repr=False)  # token ids of each choice, with the end token

    @property
    def columns(self) -> int:
        """The columns of the prefix in the cache."""
        return self.image_tokens + len(self.prompt_ids)

    @property
    def longest(self) -> int:
        """The columns of the prefix with its longest choice."""
        return self.columns + max(map(len, self.choice_ids))


def score_requests(block: Sequence[Request], vocabulary: Vocabulary) -> list[list[ScoreRequest]]:
    """Build the score requests of each request; each distinct text is tokenized once."""
    asked = [each for request in block for each in request.choices]
    prompts = {prompt for prompt, _ in asked}
    answers = {choice for _, choices in asked for choice in choices}
    prompt_ids = {prompt: vocabulary.prefix(prompt, images=0) for prompt in prompts}
    choice_ids = {choice: vocabulary.suffix(choice) for choice in answers}
    return [
        [
            ScoreRequest(
                index,
                position,
                vocabulary.image_tokens * len(request.images),
                prompt_ids[prompt],
                choices,
                [choice_ids[choice] for choice in choices],
            )
            for position, (prompt, choices) in enumerate(request.choices)
        ]
        for index, request in enumerate(block)
    ]


def scored(
    vocabulary: Vocabulary, choice: str, token_ids: Sequence[int], logprobs: Sequence[float]
) -> Generation:
    """Build the generation of a scored choice; its tokens end with the end token.

    Raises WorkerFault if a log-probability is not finite.
    """
    tokens = vocabulary.generation(token_ids, logprobs).tokens
    return Generation((*tokens, Token(token_ids[-1], "", logprobs[-1])), choice)


class _Row(NamedTuple):
    """A choice that is read in a slot of the cache."""

    token_ids: Sequence[int]
    logprobs: list[float]  # of the tokens read so far, and of the next one
    columns: int  # of the prefix


class ChoiceScorer:
    """A scorer of batches of prompts, in the slots of a cache that nothing else uses meanwhile.

    A prefix is copied into as many slots as there are, so that several of its choices are read
    together; the others follow in the same slots, behind the prefix.
    """

    def __init__(self, model: CachedLanguageModel, cache: KVCache, buckets: ShapeBuckets) -> None:
        self._model = model
        self._cache = cache
        self._buckets = buckets

    def score(
        self, features: torch.Tensor, batch: Sequence[ScoreRequest]
    ) -> list[list[list[float]]]:
        """Return the log-probabilities of the tokens of each choice of each prompt.

        `features` are [prompts, tokens of all images of a prompt, width].
        """
        most = max(len(request.choice_ids) for request in batch)
        first_ids = [[choice[0] for choice in request.choice_ids] for request in batch]
        first = self._model.prefill_logprobs(
            features,
            [request.prompt_ids for request in batch],
            self._cache,
            range(len(batch)),
            self._tensor([[*ids, *[0] * (most - len(ids))] for ids in first_ids]),
        )
        rows = [
            [
                _Row(token_ids, [logprob], request.columns)
                for token_ids, logprob in zip(request.choice_ids, logprobs, strict=False)
            ]
            for request, logprobs in zip(batch, first.tolist(), strict=True)
        ]
        copies = min(most, self._cache.num_slots // len(batch))
        self._copy_prefixes(batch, copies)
        for together in _passes(rows, copies):
            self._read(together)
        return [[row.logprobs for row in of_prompt] for of_prompt in rows]

    def _copy_prefixes(self, batch: Sequence[ScoreRequest], copies: int) -> None:
        sources = list(range(len(batch))) * (copies - 1)
        targets = list(range(len(batch), len(batch) * copies))
        if targets:
            self._cache.move(sources, targets, max(request.columns for request in batch))

    def _read(self, rows: Sequence[_Row | None]) -> None:
        """Read choices, one per slot, and append the log-probabilities to them."""
        padded = min(self._buckets.padded_rows(len(rows)), self._cache.num_slots)
        steps = max(len(row.token_ids) for row in rows if row is not None) - 1
        for step in range(steps):
            # A row without further tokens stores a token behind its prefix, which nobody reads.
            inputs = [(0, 0 if row is None else row.columns, 0) for row in rows]
            for slot, row in enumerate(rows):
                if row is not None and step + 1 < len(row.token_ids):
                    token_id, next_id = row.token_ids[step : step + 2]
                    inputs[slot] = token_id, row.columns + step, next_id
            inputs += [(0, 0, 0)] * (padded - len(rows))
            token_ids, columns, next_ids = self._tensor(inputs).T
            longest = max(column for _, column, _ in inputs) + 1
            logprobs = self._model.step_logprobs(
                token_ids.contiguous(),
                columns.contiguous(),
                self._cache,
                self._buckets.padded_columns(longest),
                next_ids[:, None],
            )
            for row, logprob in zip(rows, logprobs[:, 0].tolist(), strict=False):
                if row is not None and step + 1 < len(row.token_ids):
                    row.logprobs.append(logprob)

    def _tensor(self, numbers: Sequence[Sequence[int]]) -> torch.Tensor:
        return torch.tensor(numbers, device=self._model.device)


def _passes(rows: Sequence[Sequence[_Row]], copies: int) -> Iterator[list[_Row | None]]:
    """Yield the rows that are read together, by slot: `copies` of each prompt, long ones first."""
    ordered = [sorted(of_prompt, key=lambda row: -len(row.token_ids)) for of_prompt in rows]
    for start in range(0, max(map(len, ordered)), copies):
        yield [
            of_prompt[number] if number < len(of_prompt) else None
            for number in range(start, start + copies)
            for of_prompt in ordered
        ]
