"""Attention of a text tower: rotary turns, shared heads, and the soft-cap that sdpa has not."""

from typing import Any, NamedTuple

import torch
from torch.nn import functional

from inference.activation import capped


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

    def at(self, places: torch.Tensor | slice) -> "Turns":
        """Those of some positions, for all heads."""
        return Turns(self.cosine[places].unsqueeze(-2), self.sine[places].unsqueeze(-2))

    def __call__(self, heads: torch.Tensor) -> torch.Tensor:
        """[..., heads, width] as turned."""
        swapped = heads.roll(heads.shape[-1] // 2, -1)
        return (heads * self.cosine).addcmul_(swapped, self.sine)


class Attention(NamedTuple):
    """The shape of attention, the same in all layers."""

    heads: int
    shared: int  # heads of keys and values, each for heads / shared queries in a row
    width: int
    scale: float  # of the products of queries and keys
    cap: float | None  # of the scaled products

    def __call__(
        self,
        queries: torch.Tensor,
        keys: torch.Tensor,
        values: torch.Tensor,
        mask: torch.Tensor | None,
    ) -> torch.Tensor:
        """Queries [rows, length, heads, width] on keys and values [rows, shared, seen, width].

        Every query sees what the mask [rows, seen], which is added, lets through. Returns
        [rows, length, heads * width].
        """
        rows, length = queries.shape[:2]
        group = self.heads // self.shared
        # All queries see the same, so those that share keys are as good as further tokens.
        asked = queries.reshape(rows, length, self.shared, group, self.width).transpose(1, 2)
        asked = asked.reshape(rows, self.shared, length * group, self.width)
        if self.cap is None and length > 1:
            wide = None if mask is None else mask[:, None, None]
            found = functional.scaled_dot_product_attention(
                asked, keys, values, wide, scale=self.scale
            )
        else:
            found = self._weighed(asked, keys, values, mask)
        found = found.view(rows, self.shared, length, group, self.width).transpose(1, 2)
        return found.reshape(rows, length, self.heads * self.width)

    def _weighed(
        self,
        queries: torch.Tensor,
        keys: torch.Tensor,
        values: torch.Tensor,
        mask: torch.Tensor | None,
    ) -> torch.Tensor:
        """As `eager_attention_forward` of transformers, on [rows, shared, any, width]."""
        weights = torch.matmul(queries, keys.transpose(2, 3)).mul_(self.scale)
        if self.cap is not None:
            weights = capped(weights, self.cap)
        if mask is not None:
            weights += mask[:, None, None]
        weights = weights.softmax(dim=-1, dtype=torch.float32).to(queries.dtype)
        return torch.matmul(weights, values)


def hiding(last: torch.Tensor, seen: int, dtype: torch.dtype) -> torch.Tensor:
    """The mask [rows, seen] to add, which hides the columns after each row's last."""
    hidden = torch.arange(seen, device=last.device) > last[:, None]
    return torch.zeros(hidden.shape, dtype=dtype, device=last.device).masked_fill_(
        hidden, float("-inf")
    )
