"""The reference engine: greedy `generate` of transformers, in batches inside the block."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

import torch
from transformers import LogitsProcessor

from inference.engines.base import (
    BatchedEngine,
    batches,
    features_of,
    prompts_together,
    requests_with_images,
    rows_of_images,
)
from inference.families.loaded_model import GRAMMAR_START, ReferenceModel, TokenGrammar
from schemas.generation import Generation, Request


class _DecodeRequest(NamedTuple):
    """A prompt about the images of one request.

    Requests are sorted by `max_new_tokens`, so that no caption waits for an OCR answer.
    """

    max_new_tokens: int
    num_images: int
    position: int  # index among the prompts of the request
    number: int  # of the request, from 0
    prompt: str


class _GreedyLogprobs(LogitsProcessor):
    """A recorder of the log-probability of each step's most probable allowed token.

    The softmax is over all tokens, also those that a grammar forbids.
    """

    def __init__(self, grammar: TokenGrammar | None) -> None:
        self.steps: list[torch.Tensor] = []  # each [batch]
        self._grammar = grammar
        self._states: torch.Tensor | None = None  # [batch]

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        allowed = scores if self._grammar is None else self._allowed(self._grammar, scores)
        self.steps.append(allowed.amax(dim=-1) - scores.logsumexp(dim=-1))
        return allowed

    def _allowed(self, grammar: TokenGrammar, scores: torch.Tensor) -> torch.Tensor:
        if self._states is None:
            self._states = torch.full(
                (len(scores),), GRAMMAR_START, dtype=torch.int64, device=scores.device
            )
        allowed = scores.masked_fill(grammar.forbidden(self._states), float("-inf"))
        self._states = grammar.after(self._states, allowed.argmax(dim=-1))
        return allowed


class ReferenceEngine(BatchedEngine):
    """An engine that runs transformers' greedy `generate`.

    Each image is encoded once, however many prompts it has.
    """

    _loaded: ReferenceModel

    def _generate(self, block: Sequence[Request], batch_size: int) -> list[tuple[Generation, ...]]:
        return [
            generations
            for requests in requests_with_images(block, batch_size)
            for generations in self._generate_group(requests, batch_size)
        ]

    def _generate_group(
        self, requests: Sequence[Request], batch_size: int
    ) -> Iterator[tuple[Generation, ...]]:
        """Yield the generations of each request; all images are encoded together."""
        features = self._encode(requests, self._loaded.features, batch_size)
        rows = rows_of_images(requests)
        prompts = sorted(
            _DecodeRequest(max_new_tokens, len(request.images), position, index, prompt)
            for index, request in enumerate(requests)
            for position, (prompt, max_new_tokens) in enumerate(request.prompts)
        )
        generations: dict[tuple[int, int], Generation] = {}
        for (_, num_images), similar in groupby(prompts, key=lambda prompt: prompt[:2]):
            for batch in batches(list(similar), prompts_together(batch_size, num_images)):
                of_batch = features_of(features, [rows[prompt.number] for prompt in batch])
                for prompt, generation in zip(batch, self._decode(batch, of_batch), strict=True):
                    generations[prompt.number, prompt.position] = generation
        for index, request in enumerate(requests):
            yield tuple(generations[index, position] for position in range(len(request.prompts)))

    def _decode(self, batch: Sequence[_DecodeRequest], features: torch.Tensor) -> list[Generation]:
        """Generate the answers to prompts with equal limits and numbers of images.

        `features` are [prompts, tokens of all images of a prompt, width].
        """
        vocabulary = self._loaded.vocabulary
        prefixes = [vocabulary.prefix(prompt.prompt, prompt.num_images) for prompt in batch]
        longest = max(map(len, prefixes))
        # Padding goes to the left: generated tokens follow the last column.
        padding = [longest - len(prefix) for prefix in prefixes]
        padded = [
            [vocabulary.pad] * n + prefix for n, prefix in zip(padding, prefixes, strict=True)
        ]
        mask = [[0] * n + [1] * (longest - n) for n in padding]
        input_ids = torch.tensor(padded, device=self._device)
        logprobs = _GreedyLogprobs(self.grammar)
        output = self._loaded.generate(
            input_ids,
            torch.tensor(mask, device=self._device),
            features,
            batch[0].max_new_tokens,
            [logprobs],
        )
        token_ids = output[:, longest:].tolist()
        scores = torch.stack(logprobs.steps, dim=1).tolist()
        return list(map(vocabulary.generation, token_ids, scores))
