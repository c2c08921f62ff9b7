"""What a model family loads: a checkpoint in memory, in the form that engines use."""

from collections.abc import Sequence
from typing import Any, Protocol

import torch

from schemas.generation import Generation


class Vocabulary(Protocol):
    """The tokens of a checkpoint."""

    image_tokens: int  # tokens that stand for the image, before those of the prompt
    pad: int  # id of the padding token
    end: int  # id of the end token

    def prefix(self, prompt: str) -> list[int]:
        """Return the token ids of a prefix: the image, then the prompt."""

    def names(self, size: int) -> list[str | None]:
        """Return the names of token ids 0 ... size - 1; None where a token has no name."""

    def generation(self, token_ids: Sequence[int], logprobs: Sequence[float]) -> Generation:
        """Return the answer up to its end token, as text and tokens."""


class LoadedModel(Protocol):
    """A checkpoint in memory: its weights, its tokens and its image processing."""

    @property
    def model(self) -> Any:
        """The module as transformers has it."""

    @property
    def vocabulary(self) -> Vocabulary: ...

    def pixel_values(self, images: torch.Tensor) -> torch.Tensor:
        """Convert model images, uint8 [n, S, S, 3], to the vision tower's input."""
