"""Attention of a text tower: rotary turns, shared heads, and the soft-cap that sdpa has not."""

from typing import Any, NamedTuple

import torch
from torch.nn import functional

from inference.families.paligemma.kernels import Kernels, Sight


class Turns(NamedTuple):
    """Rotary embedding of some positions; sines bear the sign of the swap of halves."""

    cosine: torch.Tensor  # [..., width]
    sine: torch.Tensor

    @classmethod
    def made(cls, rotary: Any, positions: int, like: torch.Tensor) -> "Turns":
        """Of positions 1 to `positions`, by the tower's own module: PaliGemma counts from 1."""
        cosine, sine = rotary(like, torch.arange(1, positions + 1, device=like.device)[None])
        half = cosine.shape[-1] // 2
        return cls(cosine[0], torch.cat([-sine[0, :, :half], sine[0, :, half:]], dim=-1))

    def to(self, device: torch.device) -> "Turns":
        return Turns(*(each.to(device) for each in self))

    def first(self, length: int) -> "Turns":
        """Those of the first positions, for all heads."""
        return Turns(*(each[:length].unsqueeze(-2) for each in self))

    def at(self, places: torch.Tensor) -> "Turns":
        """Those of some positions, for all heads."""
        return Turns(*(functional.embedding(places, each).unsqueeze(-2) for each in self))


class Attention(NamedTuple):
    """The shape of attention, the same in all layers."""

    heads: int
    shared: int  # heads of keys and values, each for heads / shared queries in a row
    width: int
    scale: float  # of the products of queries and keys
    cap: float | None  # of the scaled products
    kernels: Kernels

    def __call__(
        self, queries: torch.Tensor, keys: torch.Tensor, values: torch.Tensor, sight: Sight
    ) -> torch.Tensor:
        """Queries [rows, length, heads, width] on keys and values [rows, shared, columns, width].

        All queries of a row see the same. Returns [rows, length, heads * width].
        """
        rows, length = queries.shape[:2]
        group = self.heads // self.shared
        # So those that share keys are as good as further tokens.
        asked = queries.reshape(rows, length, self.shared, group, self.width).transpose(1, 2)
        asked = asked.reshape(rows, self.shared, length * group, self.width)
        if self.cap is None and length > 1:
            wide = None if sight.mask is None else sight.mask[:, None, None]
            found = functional.scaled_dot_product_attention(
                asked, keys, values, wide, scale=self.scale
            )
        else:
            weighed = self.kernels.prefix if length > 1 else self.kernels.step
            found = weighed(asked, keys, values, sight, scale=self.scale, cap=self.cap)
        found = found.view(rows, self.shared, length, group, self.width).transpose(1, 2)
        return found.reshape(rows, length, self.heads * self.width)
