"""A layer of Gemma or Gemma 2 as plain tensors, over keys and values that are kept."""

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch.nn import functional

from inference.activation import activation
from inference.attention import Attention, Turns
from inference.slots import Slots

Norm = Callable[[torch.Tensor], torch.Tensor]


class Place(NamedTuple):
    """Where the tokens of a batch stand, in every layer alike."""

    turns: Turns  # of their positions
    mask: torch.Tensor | None  # [rows, columns], to be added; None: all columns are seen


class TextLayer:
    """Attention and perceptron, each between its norms, each added to what went in.

    Hidden states are [rows, length, width].
    """

    def __init__(self, number: int, layer: Any, attention: Attention) -> None:
        self._number = number
        self._attention = attention
        own, perceptron = layer.self_attn, layer.mlp
        self._projections, self._biases = joined(own.q_proj, own.k_proj, own.v_proj)
        self._output, self._output_bias = joined(own.o_proj)
        self._gates, _ = joined(perceptron.gate_proj, perceptron.up_proj)
        self._down, _ = joined(perceptron.down_proj)
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
        projected = self._projected(self._before(hidden), 0)
        queries, keys, values = self._split(projected, place.turns)
        keys, values = keys.transpose(1, 2), values.transpose(1, 2)
        slots.fill(self._number, first, keys, values)
        return self._completed(hidden, self._attention(queries, keys, values, place.mask))

    def prefix_end(
        self,
        hidden: torch.Tensor,
        place: Place,
        slots: Slots,
        first: int,
        ends: torch.Tensor,
        end_turns: Turns,
    ) -> torch.Tensor:
        """As `prefix`, but of the tokens at the columns `ends` alone: [rows, 1, width]."""
        rows = torch.arange(len(ends), device=ends.device)
        normed = self._before(hidden)
        cut = self._attention.heads * self._attention.width
        keys, values = self._heads(self._projected(normed, cut)).chunk(2, dim=2)
        keys, values = place.turns(keys).transpose(1, 2), values.transpose(1, 2)
        slots.fill(self._number, first, keys, values)
        queries = end_turns(self._heads(self._projected(normed[rows, ends][:, None], 0, cut)))
        found = self._attention(queries, keys, values, place.mask)
        return self._completed(hidden[rows, ends][:, None], found)

    def step(
        self, hidden: torch.Tensor, place: Place, slots: Slots, places: torch.Tensor, seen: int
    ) -> torch.Tensor:
        """Of one more token of each of the first rows, kept at `places`: [rows, 1, width]."""
        projected = self._projected(self._before(hidden), 0)
        queries, keys, values = self._split(projected, place.turns)
        slots.add(self._number, places, keys, values)
        keys, values = slots.seen(self._number, len(hidden), seen)
        return self._completed(hidden, self._attention(queries, keys, values, place.mask))

    def _projected(self, normed: torch.Tensor, start: int, end: int | None = None) -> torch.Tensor:
        """Some of the projections to queries, keys and values, which stand in this order."""
        biases = None if self._biases is None else self._biases[start:end]
        return functional.linear(normed, self._projections[start:end], biases)

    def _heads(self, projected: torch.Tensor) -> torch.Tensor:
        return projected.unflatten(-1, (-1, self._attention.width))

    def _split(
        self, projected: torch.Tensor, turns: Turns
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Queries and keys, turned, and values: [rows, length, heads, width]."""
        heads, shared, _, _, _ = self._attention
        asking, values = self._heads(projected).split((heads + shared, shared), dim=2)
        queries, keys = turns(asking).split((heads, shared), dim=2)
        return queries, keys, values

    def _completed(self, hidden: torch.Tensor, found: torch.Tensor) -> torch.Tensor:
        found = functional.linear(found, self._output, self._output_bias)
        hidden = hidden + self._between(found)
        gates = functional.linear(self._before_perceptron(hidden), self._gates)
        opened, raised = gates.chunk(2, dim=-1)
        lowered = functional.linear(self._activation(opened).mul_(raised), self._down)
        return hidden + self._after(lowered)


def joined(*linears: Any) -> tuple[torch.Tensor, torch.Tensor | None]:
    """The weights of linear modules as one matrix, and their biases, if they have any.

    The modules' own become views of it, so that no memory is taken twice.
    """
    if len(linears) == 1:
        return linears[0].weight.data, None if linears[0].bias is None else linears[0].bias.data
    sizes = [linear.out_features for linear in linears]
    found: list[torch.Tensor | None] = []
    for name in ("weight", "bias"):
        parts = [getattr(linear, name) for linear in linears]
        if parts[0] is None:
            found.append(None)
            continue
        whole = torch.cat([part.data for part in parts])
        for part, view in zip(parts, whole.split(sizes), strict=True):
            part.data = view
        found.append(whole)
    weight, bias = found
    assert weight is not None
    return weight, bias


def norm(module: Any) -> Norm:
    """Gemma's: the root mean square is taken, and 1 added to the weights, in float32."""
    weight, epsilon = 1.0 + module.weight.data.float(), module.eps
    shape = weight.shape

    def normed(hidden: torch.Tensor) -> torch.Tensor:
        return functional.rms_norm(hidden.float(), shape, weight, epsilon).to(hidden.dtype)

    return normed


def _unchanged(hidden: torch.Tensor) -> torch.Tensor:
    return hidden
