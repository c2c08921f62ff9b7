"""The reference engine: greedy `generate` of transformers, in batches inside the block."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

import torch
from transformers import LogitsProcessor
from transformers.modeling_outputs import BaseModelOutputWithPooling

from inference.engines.base import BatchedEngine, parts
from inference.families.paligemma.location_grammar import Grammar
from schemas.generation import Generation, Request


class _Question(NamedTuple):
    """One prompt; in this order, those of one limit go together: no caption waits for an OCR."""

    max_new_tokens: int
    position: int  # among the prompts of its request
    image: int  # row of the image features
    prompt: str


class _Logprobs(LogitsProcessor):
    """Keeps the log-probability of each step's likeliest token, not the whole distribution.

    What a grammar forbids is not among the tokens, but in the distribution.
    """

    def __init__(self, grammar: Grammar | None) -> None:
        self.steps: list[torch.Tensor] = []  # each [batch]
        self._grammar = grammar
        self._states: torch.Tensor | None = None  # [batch]

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        allowed = scores if self._grammar is None else self._allowed(self._grammar, scores)
        self.steps.append(allowed.amax(dim=-1) - scores.logsumexp(dim=-1))
        return allowed

    def _allowed(self, grammar: Grammar, scores: torch.Tensor) -> torch.Tensor:
        if self._states is None:
            self._states = torch.zeros(len(scores), dtype=torch.int64, device=scores.device)
        allowed = scores.masked_fill(grammar.forbidden(self._states), float("-inf"))
        self._states = grammar.after(self._states, allowed.argmax(dim=-1))
        return allowed


class ReferenceEngine(BatchedEngine):
    """Runs the vision tower once per image, however many prompts the image has."""

    def _answered(self, block: Sequence[Request], size: int) -> list[tuple[Generation, ...]]:
        return [
            generations
            for requests in parts(block, size)
            for generations in self._together(requests, size)
        ]

    def _together(self, requests: Sequence[Request], size: int) -> Iterator[tuple[Generation, ...]]:
        features = self._features(requests)
        questions = sorted(
            _Question(max_new_tokens, position, image, prompt)
            for image, request in enumerate(requests)
            for position, (prompt, max_new_tokens) in enumerate(request.prompts)
        )
        answers: dict[tuple[int, int], Generation] = {}
        for _, alike in groupby(questions, key=lambda question: question.max_new_tokens):
            for batch in parts(list(alike), size):
                for question, answer in zip(batch, self._decoded(batch, features), strict=True):
                    answers[question.image, question.position] = answer
        for image, request in enumerate(requests):
            yield tuple(answers[image, position] for position in range(len(request.prompts)))

    def _features(self, requests: Sequence[Request]) -> torch.Tensor:
        """What the text tower sees of the images: [images, image tokens, width]."""
        values = self._pixel_values(requests)
        features: torch.Tensor = self._loaded.model.get_image_features(values).pooler_output
        return features

    def _decoded(self, batch: Sequence[_Question], features: torch.Tensor) -> list[Generation]:
        """Answers to prompts of one limit."""
        vocabulary = self._loaded.vocabulary
        prefixes = [vocabulary.prefix(question.prompt) for question in batch]
        longest = max(map(len, prefixes))
        # Padding goes to the left: generated tokens follow the last column.
        padding = [longest - len(prefix) for prefix in prefixes]
        codes = [[vocabulary.pad] * n + prefix for n, prefix in zip(padding, prefixes, strict=True)]
        mask = [[0] * n + [1] * (longest - n) for n in padding]
        input_ids = torch.tensor(codes, device=self._device)
        seen = features[[question.image for question in batch]]
        logprobs = _Logprobs(self.grammar)
        output = self._loaded.model.generate(
            input_ids=input_ids,
            attention_mask=torch.tensor(mask, device=self._device),
            # 0 says prefix: without it attention inside the prefix would be causal.
            token_type_ids=torch.zeros_like(input_ids),
            mm_encoder_outputs={"image": BaseModelOutputWithPooling(pooler_output=seen)},
            max_new_tokens=batch[0].max_new_tokens,
            logits_processor=[logprobs],
        )
        answers = output[:, longest:].tolist()
        scores = torch.stack(logprobs.steps, dim=1).tolist()
        return list(map(vocabulary.generation, answers, scores))
