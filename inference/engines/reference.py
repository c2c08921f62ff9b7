"""The reference engine: greedy `generate` of transformers, in batches inside the block."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

import torch
from transformers import LogitsProcessor

from inference.engines.base import BatchedEngine, batches
from inference.families.loaded_model import GRAMMAR_START, ReferenceModel, TokenGrammar
from schemas.generation import Generation, Request


class _DecodeRequest(NamedTuple):
    """A prompt about one image.

    Requests are sorted by `max_new_tokens`, so that no caption waits for an OCR answer.
    """

    max_new_tokens: int
    position: int  # index among the prompts of its image
    image: int  # index among the images, and row of their features
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
            for requests in batches(block, batch_size)
            for generations in self._generate_images(requests, batch_size)
        ]

    def _generate_images(
        self, requests: Sequence[Request], batch_size: int
    ) -> Iterator[tuple[Generation, ...]]:
        """Yield the generations of each request; all images are encoded together."""
        features = self._features(requests)
        prompts = sorted(
            _DecodeRequest(max_new_tokens, position, image, prompt)
            for image, request in enumerate(requests)
            for position, (prompt, max_new_tokens) in enumerate(request.prompts)
        )
        generations: dict[tuple[int, int], Generation] = {}
        for _, same_limit in groupby(prompts, key=lambda prompt: prompt.max_new_tokens):
            for batch in batches(list(same_limit), batch_size):
                for prompt, generation in zip(batch, self._decode(batch, features), strict=True):
                    generations[prompt.image, prompt.position] = generation
        for image, request in enumerate(requests):
            yield tuple(generations[image, position] for position in range(len(request.prompts)))

    def _features(self, requests: Sequence[Request]) -> torch.Tensor:
        """Encode images as the language model's input: [images, image tokens, width]."""
        return self._loaded.features(self._pixel_values(requests))

    def _decode(self, batch: Sequence[_DecodeRequest], features: torch.Tensor) -> list[Generation]:
        """Generate the answers to prompts with equal limits."""
        vocabulary = self._loaded.vocabulary
        prefixes = [vocabulary.prefix(prompt.prompt) for prompt in batch]
        longest = max(map(len, prefixes))
        # Padding goes to the left: generated tokens follow the last column.
        padding = [longest - len(prefix) for prefix in prefixes]
        padded = [
            [vocabulary.pad] * n + prefix for n, prefix in zip(padding, prefixes, strict=True)
        ]
        mask = [[0] * n + [1] * (longest - n) for n in padding]
        input_ids = torch.tensor(padded, device=self._device)
        batch_features = features[[prompt.image for prompt in batch]]
        logprobs = _GreedyLogprobs(self.grammar)
        output = self._loaded.generate(
            input_ids,
            torch.tensor(mask, device=self._device),
            batch_features,
            batch[0].max_new_tokens,
            [logprobs],
        )
        token_ids = output[:, longest:].tolist()
        scores = torch.stack(logprobs.steps, dim=1).tolist()
        return list(map(vocabulary.generation, token_ids, scores))
