"""Grouped-query attention of Gemma: rotary embedding, and the soft-cap that SDPA lacks."""

from typing import Any, NamedTuple

import torch
from torch.nn import functional

from inference.families.paligemma.kernels import AttentionMask, Kernels


class RotaryEmbedding(NamedTuple):
    """Cosines and sines of some positions, as `apply_rotary` takes them.

    The sines are negative in the first half of a head, because a rotation swaps the halves of a
    head and negates the new first half.
    """

    cosine: torch.Tensor  # [..., head_dim]
    sine: torch.Tensor

    @classmethod
    def compute(cls, module: Any, positions: int, like: torch.Tensor) -> "RotaryEmbedding":
        """Compute positions 1 to `positions` with Gemma's module: PaliGemma counts from 1."""
        cosine, sine = module(like, torch.arange(1, positions + 1, device=like.device)[None])
        half = cosine.shape[-1] // 2
        return cls(cosine[0], torch.cat([-sine[0, :, :half], sine[0, :, half:]], dim=-1))

    def to(self, device: torch.device) -> "RotaryEmbedding":
        """Copy the tables to another device."""
        return RotaryEmbedding(*(table.to(device) for table in self))

    def first(self, length: int) -> "RotaryEmbedding":
        """Return the first `length` columns, in a shape for all heads: [length, 1, head_dim]."""
        return RotaryEmbedding(*(table[:length].unsqueeze(-2) for table in self))

    def at(self, columns: torch.Tensor) -> "RotaryEmbedding":
        """Return the given columns [...], which count from 0, in the shape [..., 1, head_dim]."""
        return RotaryEmbedding(
            *(functional.embedding(columns, table).unsqueeze(-2) for table in self)
        )


class Attention(NamedTuple):
    """Attention with the sizes that all layers share."""

    num_heads: int
    num_kv_heads: int  # each serves num_heads / num_kv_heads consecutive query heads
    head_dim: int
    scale: float  # of the products of queries and keys
    cap: float | None  # soft-cap of the scaled products
    kernels: Kernels

    def __call__(
        self,
        queries: torch.Tensor,
        keys: torch.Tensor,
        values: torch.Tensor,
        mask: AttentionMask,
    ) -> torch.Tensor:
        """Return attention outputs [rows, length, heads * head_dim].

        Queries are [rows, length, heads, head_dim], keys and values [rows, kv heads, columns,
        head_dim].
        """
        rows, length = queries.shape[:2]
        group = self.num_heads // self.num_kv_heads
        # All queries of a row have one mask, so query heads that share a key head can be stacked
        # like further tokens of it: keys and values need no copies.
        stacked = queries.reshape(rows, length, self.num_kv_heads, group, self.head_dim)
        stacked = stacked.transpose(1, 2)
        stacked = stacked.reshape(rows, self.num_kv_heads, length * group, self.head_dim)
        if self.cap is None and length > 1:
            bias = None if mask.bias is None else mask.bias[:, None, None]
            output = functional.scaled_dot_product_attention(
                stacked, keys, values, bias, scale=self.scale
            )
        else:
            kernels = self.kernels
            attend = kernels.prefix_attention if length > 1 else kernels.step_attention
            output = attend(stacked, keys, values, mask, scale=self.scale, cap=self.cap)
        output = output.view(rows, self.num_kv_heads, length, group, self.head_dim).transpose(1, 2)
        return output.reshape(rows, length, self.num_heads * self.head_dim)
