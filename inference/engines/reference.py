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
from inference.engines.choice_scoring import scored
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


class _GivenTokens(LogitsProcessor):
    """A processor that allows each row its next given token, and records its log-probability.

    `token_ids` are [rows, tokens].
    """

    def __init__(self, token_ids: torch.Tensor) -> None:
        self.steps: list[torch.Tensor] = []  # each [rows]
        self._token_ids = token_ids

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        given = self._token_ids[:, len(self.steps), None]
        self.steps.append(scores.float().log_softmax(dim=-1).gather(1, given)[:, 0])
        return torch.full_like(scores, float("-inf")).scatter(1, given, 0.0)


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
        logprobs = _GreedyLogprobs(self.grammar)
        prefixes = [vocabulary.prefix(prompt.prompt, prompt.num_images) for prompt in batch]
        token_ids = self._run(prefixes, features, batch[0].max_new_tokens, logprobs)
        scores = torch.stack(logprobs.steps, dim=1).tolist()
        return list(map(vocabulary.generation, token_ids, scores))

    def _score(
        self, block: Sequence[Request], batch_size: int
    ) -> list[tuple[tuple[Generation, ...], ...]]:
        return [
            scores
            for requests in requests_with_images(block, batch_size)
            for scores in self._score_group(requests, batch_size)
        ]

    def _score_group(
        self, requests: Sequence[Request], batch_size: int
    ) -> Iterator[tuple[tuple[Generation, ...], ...]]:
        """Yield the scores of each request; each choice is a row with a prefix of its own."""
        features = self._encode(requests, self._loaded.features, batch_size)
        for request, images in zip(requests, rows_of_images(requests), strict=True):
            most = prompts_together(batch_size, len(images))
            yield tuple(
                tuple(
                    scored_choice
                    for batch in batches(choices, most)
                    for scored_choice in self._score_choices(
                        prompt, batch, features_of(features, [images] * len(batch)), len(images)
                    )
                )
                for prompt, choices in request.choices
            )

    def _score_choices(
        self, prompt: str, choices: Sequence[str], features: torch.Tensor, num_images: int
    ) -> list[Generation]:
        """Score choices of one prompt; `features` are [choices, tokens of all images, width]."""
        vocabulary = self._loaded.vocabulary
        suffixes = list(map(vocabulary.suffix, choices))
        longest = max(map(len, suffixes))
        padded = [[*ids, *[vocabulary.pad] * (longest - len(ids))] for ids in suffixes]
        given = _GivenTokens(torch.tensor(padded, device=self._device))
        prefix = vocabulary.prefix(prompt, num_images)
        self._run([prefix] * len(choices), features, longest, given)
        logprobs = torch.stack(given.steps, dim=1).tolist()
        return [
            scored(vocabulary, choice, token_ids, row[: len(token_ids)])
            for choice, token_ids, row in zip(choices, suffixes, logprobs, strict=True)
        ]

    def _run(
        self,
        prefixes: Sequence[Sequence[int]],
        features: torch.Tensor,
        max_new_tokens: int,
        processor: LogitsProcessor,
    ) -> list[list[int]]:
        """Return the tokens that `generate` adds to the prefixes.

        `features` are [prefixes, tokens of all images of a prefix, width].
        """
        longest = max(map(len, prefixes))
        # Padding goes to the left: generated tokens follow the last column.
        padding = [longest - len(prefix) for prefix in prefixes]
        pad = self._loaded.vocabulary.pad
        padded = [[*[pad] * n, *prefix] for n, prefix in zip(padding, prefixes, strict=True)]
        mask = [[0] * n + [1] * (longest - n) for n in padding]
        output = self._loaded.generate(
            torch.tensor(padded, device=self._device),
            torch.tensor(mask, device=self._device),
            features,
            max_new_tokens,
            [processor],
        )
        token_ids: list[list[int]] = output[:, longest:].tolist()
        return token_ids
