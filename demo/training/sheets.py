"""Exercises as the tensors that a step of training takes."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from transformers import PaliGemmaProcessor

from demo.training.lessons import Exercise
from inference.families.paligemma.tokens import Vocabulary


class Sheet(NamedTuple):
    """Prefixes and answers of one step, padded on the right."""

    codes: torch.Tensor  # int64 [rows, length]: prefix, answer, EOS, padding
    sees: torch.Tensor  # bool [rows, 1, length, length]: which position (dim 2) sees which (dim 3)
    rows: torch.Tensor  # int64 [targets]: where in `codes` a token of an answer is told, ...
    columns: torch.Tensor  # ... one before it stands itself
    targets: torch.Tensor  # int64 [targets]: the tokens of the answers, each with its EOS


class Clerk:
    """Writes exercises in a checkpoint's tokens, the prefixes exactly as inference does."""

    def __init__(self, processor: PaliGemmaProcessor, image_tokens: int) -> None:
        self._tokens = processor.tokenizer
        self._vocabulary = Vocabulary(processor, image_tokens)

    def sheet(self, exercises: Sequence[Exercise]) -> Sheet:
        prefixes = [self._vocabulary.prefix(exercise.prompt) for exercise in exercises]
        answers = [
            [*self._tokens(exercise.answer, add_special_tokens=False)["input_ids"], self._end]
            for exercise in exercises
        ]
        pairs = list(zip(prefixes, answers, strict=True))
        length = max(len(prefix) + len(answer) for prefix, answer in pairs)
        codes = torch.full((len(pairs), length), self._vocabulary.pad)
        ends = torch.tensor([[len(prefix), len(prefix) + len(answer)] for prefix, answer in pairs])
        rows: list[int] = []
        columns: list[int] = []
        targets: list[int] = []
        for row, (prefix, answer) in enumerate(pairs):
            codes[row, : len(prefix) + len(answer)] = torch.tensor(prefix + answer)
            rows += [row] * len(answer)
            columns += range(len(prefix) - 1, len(prefix) + len(answer) - 1)
            targets += answer
        return Sheet(
            codes,
            _sees(ends, length),
            torch.tensor(rows),
            torch.tensor(columns),
            torch.tensor(targets),
        )

    @property
    def _end(self) -> int:
        return self._vocabulary.end


def _sees(ends: torch.Tensor, length: int) -> torch.Tensor:
    """All of the prefix sees all of it; an answer's token sees that and what precedes it."""
    position = torch.arange(length)
    earlier = position[None, :] <= position[:, None]
    prefix, whole = (end[:, None, None, None] for end in ends.unbind(-1))
    return (earlier | (position < prefix)) & (position < whole) | torch.eye(length).bool()
