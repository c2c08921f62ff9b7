"""Turns training examples into tensors of token ids."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from transformers import PaliGemmaProcessor

from demo.training.examples import Example
from inference.families.paligemma.tokens import Vocabulary


class TokenBatch(NamedTuple):
    """The prefixes and answers of one training step, padded on the right."""

    token_ids: torch.Tensor  # int64 [rows, length]: prefix, answer, EOS, padding
    attention_mask: torch.Tensor  # bool [rows, 1, length, length]: query (dim 2) sees key (dim 3)
    rows: torch.Tensor  # int64 [targets]: row and column of `token_ids` that predict a target,
    columns: torch.Tensor  # which is one column before the target itself
    targets: torch.Tensor  # int64 [targets]: the tokens of the answers, each with its EOS


class TokenBatcher:
    """Encodes examples in a checkpoint's tokens, with the prefixes exactly as in inference."""

    def __init__(self, processor: PaliGemmaProcessor, image_tokens: int) -> None:
        self._tokens = processor.tokenizer
        self._vocabulary = Vocabulary(self._tokens, processor.image_token_id, image_tokens)

    def batch(self, examples: Sequence[Example], images: int = 1) -> TokenBatch:
        """Encode examples about so many images each."""
        prefixes = [self._vocabulary.prefix(example.prompt, images) for example in examples]
        answers = [
            [*self._tokens(example.answer, add_special_tokens=False)["input_ids"], self._end]
            for example in examples
        ]
        pairs = list(zip(prefixes, answers, strict=True))
        length = max(len(prefix) + len(answer) for prefix, answer in pairs)
        token_ids = torch.full((len(pairs), length), self._vocabulary.pad)
        ends = torch.tensor([[len(prefix), len(prefix) + len(answer)] for prefix, answer in pairs])
        rows: list[int] = []
        columns: list[int] = []
        targets: list[int] = []
        for row, (prefix, answer) in enumerate(pairs):
            token_ids[row, : len(prefix) + len(answer)] = torch.tensor(prefix + answer)
            rows += [row] * len(answer)
            columns += range(len(prefix) - 1, len(prefix) + len(answer) - 1)
            targets += answer
        return TokenBatch(
            token_ids,
            _attention_mask(ends, length),
            torch.tensor(rows),
            torch.tensor(columns),
            torch.tensor(targets),
        )

    @property
    def _end(self) -> int:
        return self._vocabulary.end


def _attention_mask(ends: torch.Tensor, length: int) -> torch.Tensor:
    """The mask: all tokens attend to the whole prefix, answer tokens also to earlier ones."""
    position = torch.arange(length)
    earlier = position[None, :] <= position[:, None]
    prefix, whole = (end[:, None, None, None] for end in ends.unbind(-1))
    return (earlier | (position < prefix)) & (position < whole) | torch.eye(length).bool()
