"""A layer of Gemma or Gemma 2 as plain tensors, over keys and values that are kept."""

from collections.abc import Callable
from typing import Any, NamedTuple

import torch

from inference.families.paligemma.activation import activation
from inference.families.paligemma.attention import Attention, Turns
from inference.families.paligemma.kernels import Kernels, Sight
from inference.families.paligemma.kv_cache import Slots
from inference.families.paligemma.linear import Linear, joined

Norm = Callable[[torch.Tensor], torch.Tensor]


class Place(NamedTuple):
    """Where the tokens of a batch stand, in every layer alike."""

    turns: Turns  # of their positions
    sight: Sight
    into: torch.Tensor  # of prefixes, their slots; of single tokens, their `Slots.places`
    ends: Turns | None = None  # of each row's last token, where only that one is asked for

    def to(self, device: torch.device) -> "Place":
        """The same on another device."""
        last, mask = self.sight
        sight = Sight(last.to(device), None if mask is None else mask.to(device))
        ends = None if self.ends is None else self.ends.to(device)
        return Place(self.turns.to(device), sight, self.into.to(device), ends)


class TextLayer:
    """Attention and perceptron, each between its norms, each added to what went in.

    Hidden states are [rows, length, width].
    """

    def __init__(self, number: int, layer: Any, attention: Attention) -> None:
        self.device: torch.device = layer.input_layernorm.weight.device
        self._number = number
        self._attention = attention
        self._kernels = kernels = attention.kernels
        own, perceptron = layer.self_attn, layer.mlp
        self._projections = joined(own.q_proj, own.k_proj, own.v_proj)
        cut = attention.heads * attention.width
        self._asking, self._answering = self._projections.part(0, cut), self._projections.part(cut)
        self._output = joined(own.o_proj)
        self._gates = joined(perceptron.gate_proj, perceptron.up_proj)
        self._down = joined(perceptron.down_proj)
        self._activation = activation(perceptron.act_fn)
        self._before = norm(layer.input_layernorm, kernels)
        if hasattr(layer, "pre_feedforward_layernorm"):  # Gemma 2
            self._between: Norm = norm(layer.post_attention_layernorm, kernels)
            self._before_perceptron = norm(layer.pre_feedforward_layernorm, kernels)
            self._after: Norm = norm(layer.post_feedforward_layernorm, kernels)
        else:
            self._between = self._after = _unchanged
            self._before_perceptron = norm(layer.post_attention_layernorm, kernels)

    def prefix(self, hidden: torch.Tensor, place: Place, slots: Slots) -> torch.Tensor:
        """Of whole prefixes, whose keys and values are kept."""
        return self._completed(hidden, self._found(hidden, place, slots))

    def prefix_end(self, hidden: torch.Tensor, place: Place, slots: Slots) -> torch.Tensor:
        """As `prefix`, but only the last tokens come out: [rows, 1, width]."""
        found = self._found_last(hidden, place, slots)
        return self._completed(_last(hidden, place), found)

    def step(self, hidden: torch.Tensor, place: Place, slots: Slots, seen: int) -> torch.Tensor:
        """Of one more token of each of the first rows, which is kept: [rows, 1, width]."""
        queries, keys, values = self._projected(hidden, place.turns)
        slots.add(self._number, place.into, keys, values)
        keys, values = slots.seen(self._number, len(hidden), seen)
        return self._completed(hidden, self._attention(queries, keys, values, place.sight))

    def _found(self, hidden: torch.Tensor, place: Place, slots: Slots) -> torch.Tensor:
        """What attention finds; queries, keys and values are let go of."""
        queries, keys, values = self._projected(hidden, place.turns)
        keys, values = keys.transpose(1, 2), values.transpose(1, 2)
        slots.fill(self._number, place.into, keys, values)
        return self._attention(queries, keys, values, place.sight)

    def _found_last(self, hidden: torch.Tensor, place: Place, slots: Slots) -> torch.Tensor:
        """Likewise for the last tokens alone."""
        assert place.ends is not None
        normed = self._before(hidden)
        keys, values = self._heads(normed, self._answering).chunk(2, dim=2)
        keys, values = self._turned(keys, place.turns).transpose(1, 2), values.transpose(1, 2)
        slots.fill(self._number, place.into, keys, values)
        queries = self._turned(self._heads(_last(normed, place), self._asking), place.ends)
        return self._attention(queries, keys, values, place.sight)

    def _projected(
        self, hidden: torch.Tensor, turns: Turns
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Queries and keys, turned, and values: [rows, length, heads, width]."""
        heads, shared = self._attention.heads, self._attention.shared
        all_heads = self._heads(self._before(hidden), self._projections)
        turned = self._turned(all_heads[:, :, : heads + shared], turns)
        return turned[:, :, :heads], turned[:, :, heads:], all_heads[:, :, heads + shared :]

    def _turned(self, heads: torch.Tensor, turns: Turns) -> torch.Tensor:
        return self._kernels.turned(heads, *turns)

    def _heads(self, normed: torch.Tensor, projections: Linear) -> torch.Tensor:
        projected = projections(normed)
        return projected.view(*projected.shape[:-1], -1, self._attention.width)

    def _completed(self, hidden: torch.Tensor, found: torch.Tensor) -> torch.Tensor:
        hidden = hidden + self._between(self._output(found))
        gates = self._gates(self._before_perceptron(hidden))
        raised = self._kernels.gated(gates, self._activation)
        del gates  # the widest of all
        return hidden + self._after(self._down(raised))


def _last(hidden: torch.Tensor, place: Place) -> torch.Tensor:
    """The last tokens of prefixes [rows, length, width]: [rows, 1, width]."""
    return hidden.gather(1, place.sight.last[:, None, None].expand(-1, 1, hidden.shape[-1]))


def norm(module: Any, kernels: Kernels) -> Norm:
    """Gemma's, which adds 1 to its weights in float32."""
    weight, epsilon = 1.0 + module.weight.data.float(), module.eps
    return lambda hidden: kernels.norm(hidden, weight, epsilon)


def _unchanged(hidden: torch.Tensor) -> torch.Tensor:
    return hidden
