"""A layer of Gemma or Gemma 2 as plain tensors, over keys and values that are kept."""

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch.nn import functional

from inference.activation import activation
from inference.attention import Attention, Turns
from inference.slots import Slots
from inference.weights import Linear, joined

Norm = Callable[[torch.Tensor], torch.Tensor]


class Place(NamedTuple):
    """Where the tokens of a batch stand, in every layer alike."""

    turns: Turns  # of their positions
    mask: torch.Tensor | None  # [rows, columns], to be added; None: all columns are seen


class Ends(NamedTuple):
    """The last tokens of some prefixes."""

    columns: torch.Tensor  # [rows, 1]
    turns: Turns


class TextLayer:
    """Attention and perceptron, each between its norms, each added to what went in.

    Hidden states are [rows, length, width].
    """

    def __init__(self, number: int, layer: Any, attention: Attention) -> None:
        self._number = number
        self._attention = attention
        own, perceptron = layer.self_attn, layer.mlp
        self._projections = joined(own.q_proj, own.k_proj, own.v_proj)
        cut = attention.heads * attention.width
        self._asking, self._answering = self._projections.part(0, cut), self._projections.part(cut)
        self._output = joined(own.o_proj)
        self._gates = joined(perceptron.gate_proj, perceptron.up_proj)
        self._down = joined(perceptron.down_proj)
        self._activation = activation(perceptron.act_fn)
        self._before = norm(layer.input_layernorm)
        if hasattr(layer, "pre_feedforward_layernorm"):  # Gemma 2
            self._between: Norm = norm(layer.post_attention_layernorm)
            self._before_perceptron = norm(layer.pre_feedforward_layernorm)
            self._after: Norm = norm(layer.post_feedforward_layernorm)
        else:
            self._between = self._after = _unchanged
            self._before_perceptron = norm(layer.post_attention_layernorm)

    def prefix(self, hidden: torch.Tensor, place: Place, slots: Slots, first: int) -> torch.Tensor:
        """Of whole prefixes, whose keys and values are kept from slot `first` on."""
        queries, keys, values = self._projected(hidden, place.turns)
        keys, values = keys.transpose(1, 2), values.transpose(1, 2)
        slots.fill(self._number, first, keys, values)
        return self._completed(hidden, self._attention(queries, keys, values, place.mask))

    def prefix_end(
        self, hidden: torch.Tensor, place: Place, slots: Slots, first: int, *, ends: Ends
    ) -> torch.Tensor:
        """As `prefix`, but only the last tokens come out: [rows, 1, width]."""
        normed = self._before(hidden)
        keys, values = self._heads(normed, self._answering).chunk(2, dim=2)
        keys, values = place.turns(keys).transpose(1, 2), values.transpose(1, 2)
        slots.fill(self._number, first, keys, values)
        rows = torch.arange(len(hidden), device=hidden.device)[:, None]
        queries = ends.turns(self._heads(normed[rows, ends.columns], self._asking))
        found = self._attention(queries, keys, values, place.mask)
        return self._completed(hidden[rows, ends.columns], found)

    def step(
        self, hidden: torch.Tensor, place: Place, slots: Slots, places: torch.Tensor, seen: int
    ) -> torch.Tensor:
        """Of one more token of each of the first rows, kept at `places`: [rows, 1, width]."""
        queries, keys, values = self._projected(hidden, place.turns)
        slots.add(self._number, places, keys, values)
        keys, values = slots.seen(self._number, len(hidden), seen)
        return self._completed(hidden, self._attention(queries, keys, values, place.mask))

    def _projected(
        self, hidden: torch.Tensor, turns: Turns
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Queries and keys, turned, and values: [rows, length, heads, width]."""
        heads, shared = self._attention.heads, self._attention.shared
        all_heads = self._heads(self._before(hidden), self._projections)
        turned, values = turns(all_heads[:, :, : heads + shared]), all_heads[:, :, heads + shared :]
        return turned[:, :, :heads], turned[:, :, heads:], values

    def _heads(self, normed: torch.Tensor, projections: Linear) -> torch.Tensor:
        projected = projections(normed)
        return projected.view(*projected.shape[:-1], -1, self._attention.width)

    def _completed(self, hidden: torch.Tensor, found: torch.Tensor) -> torch.Tensor:
        hidden = hidden + self._between(self._output(found))
        gates = self._gates(self._before_perceptron(hidden))
        opened, raised = gates.chunk(2, dim=-1)
        lowered = self._down(self._activation(opened).mul_(raised))
        return hidden + self._after(lowered)


def norm(module: Any) -> Norm:
    """Gemma's: the root mean square is taken, and 1 added to the weights, in float32."""
    weight, epsilon = 1.0 + module.weight.data.float(), module.eps
    shape = weight.shape

    def normed(hidden: torch.Tensor) -> torch.Tensor:
        return functional.rms_norm(hidden.float(), shape, weight, epsilon).to(hidden.dtype)

    return normed


def _unchanged(hidden: torch.Tensor) -> torch.Tensor:
    return hidden
