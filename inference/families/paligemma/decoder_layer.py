"""A decoder layer of Gemma or Gemma 2 as plain tensors, over a KV cache."""

from collections.abc import Callable
from typing import Any, NamedTuple

import torch

from inference.families.paligemma.activation import Activation
from inference.families.paligemma.attention import Attention, RotaryEmbedding
from inference.families.paligemma.kernels import AttentionMask, Kernels
from inference.families.paligemma.kv_cache import KVCache
from inference.families.paligemma.linear import Linear, fuse_linears

Norm = Callable[[torch.Tensor], torch.Tensor]


class PositionContext(NamedTuple):
    """Positions, mask and cache index of a batch, which all layers share."""

    rotary: RotaryEmbedding
    mask: AttentionMask
    cache_index: torch.Tensor  # slots of prefixes, or `KVCache.flat_positions` of single tokens
    last_rotary: RotaryEmbedding | None = None  # of each prefix's last token, [rows, 1, ...]

    def to(self, device: torch.device) -> "PositionContext":
        """Copy the context to another device."""
        last, bias = self.mask
        mask = AttentionMask(last.to(device), None if bias is None else bias.to(device))
        last_rotary = None if self.last_rotary is None else self.last_rotary.to(device)
        return PositionContext(
            self.rotary.to(device), mask, self.cache_index.to(device), last_rotary
        )


class DecoderLayer:
    """A pre-norm decoder layer: attention and a gated MLP, each with a residual connection.

    In Gemma 2, the outputs of attention and MLP are normalized too, before the addition. Hidden
    states are [rows, length, width].
    """

    def __init__(
        self, index: int, layer: Any, attention: Attention, activation: Activation
    ) -> None:
        self.device: torch.device = layer.input_layernorm.weight.device
        self._index = index
        self._attention = attention
        self._kernels = kernels = attention.kernels
        self_attention, mlp = layer.self_attn, layer.mlp
        self._qkv = fuse_linears(
            self_attention.q_proj, self_attention.k_proj, self_attention.v_proj
        )
        query_width = attention.num_heads * attention.head_dim
        self._query = self._qkv.slice_outputs(0, query_width)
        self._key_value = self._qkv.slice_outputs(query_width)
        self._output = fuse_linears(self_attention.o_proj)
        self._gate_up = fuse_linears(mlp.gate_proj, mlp.up_proj)
        self._down = fuse_linears(mlp.down_proj)
        self._activation = activation
        self._before_attention = load_norm(layer.input_layernorm, kernels)
        if hasattr(layer, "pre_feedforward_layernorm"):  # Gemma 2
            self._after_attention: Norm = load_norm(layer.post_attention_layernorm, kernels)
            self._before_mlp = load_norm(layer.pre_feedforward_layernorm, kernels)
            self._after_mlp: Norm = load_norm(layer.post_feedforward_layernorm, kernels)
        else:
            self._after_attention = self._after_mlp = _identity
            self._before_mlp = load_norm(layer.post_attention_layernorm, kernels)

    def prefill(
        self, hidden: torch.Tensor, context: PositionContext, cache: KVCache
    ) -> torch.Tensor:
        """Process whole prefixes, and store their keys and values in the cache."""
        return self._add_residuals(hidden, self._attend(hidden, context, cache))

    def prefill_last(
        self, hidden: torch.Tensor, context: PositionContext, cache: KVCache
    ) -> torch.Tensor:
        """Process prefixes as `prefill` does, but return only each last token: [rows, 1, width]."""
        attended = self._attend_last(hidden, context, cache)
        return self._add_residuals(_last_tokens(hidden, context), attended)

    def step(
        self, hidden: torch.Tensor, context: PositionContext, cache: KVCache, columns: int
    ) -> torch.Tensor:
        """Process and store one token of each of the first rows; return [rows, 1, width].

        Attention reads the first `columns` columns of the cache.
        """
        queries, keys, values = self._project(hidden, context.rotary)
        cache.add(self._index, context.cache_index, keys, values)
        keys, values = cache.view(self._index, len(hidden), columns)
        return self._add_residuals(hidden, self._attention(queries, keys, values, context.mask))

    # A method of its own, so that queries, keys and values are freed before the MLP runs.
    def _attend(
        self, hidden: torch.Tensor, context: PositionContext, cache: KVCache
    ) -> torch.Tensor:
        queries, keys, values = self._project(hidden, context.rotary)
        keys, values = keys.transpose(1, 2), values.transpose(1, 2)
        cache.fill(self._index, context.cache_index, keys, values)
        return self._attention(queries, keys, values, context.mask)

    def _attend_last(
        self, hidden: torch.Tensor, context: PositionContext, cache: KVCache
    ) -> torch.Tensor:
        """Compute and store all keys and values, but attend only with the last tokens."""
        assert context.last_rotary is not None
        normed = self._before_attention(hidden)
        keys, values = self._split_heads(normed, self._key_value).chunk(2, dim=2)
        keys = self._rotate(keys, context.rotary).transpose(1, 2)
        values = values.transpose(1, 2)
        cache.fill(self._index, context.cache_index, keys, values)
        queries = self._split_heads(_last_tokens(normed, context), self._query)
        queries = self._rotate(queries, context.last_rotary)
        return self._attention(queries, keys, values, context.mask)

    def _project(
        self, hidden: torch.Tensor, rotary: RotaryEmbedding
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Return rotated queries and keys, and values: [rows, length, heads, head_dim] each."""
        num_heads, num_kv_heads = self._attention.num_heads, self._attention.num_kv_heads
        heads = self._split_heads(self._before_attention(hidden), self._qkv)
        rotated = self._rotate(heads[:, :, : num_heads + num_kv_heads], rotary)
        values = heads[:, :, num_heads + num_kv_heads :]
        return rotated[:, :, :num_heads], rotated[:, :, num_heads:], values

    def _rotate(self, heads: torch.Tensor, rotary: RotaryEmbedding) -> torch.Tensor:
        return self._kernels.apply_rotary(heads, *rotary)

    def _split_heads(self, normed: torch.Tensor, projection: Linear) -> torch.Tensor:
        projected = projection(normed)
        return projected.view(*projected.shape[:-1], -1, self._attention.head_dim)

    def _add_residuals(self, hidden: torch.Tensor, attended: torch.Tensor) -> torch.Tensor:
        hidden = hidden + self._after_attention(self._output(attended))
        gates = self._gate_up(self._before_mlp(hidden))
        inner = self._kernels.gated_mlp(gates, self._activation)
        del gates  # the widest tensor of all
        return hidden + self._after_mlp(self._down(inner))


def _last_tokens(hidden: torch.Tensor, context: PositionContext) -> torch.Tensor:
    """Return the last token of each prefix of `hidden` [rows, length, width]: [rows, 1, width]."""
    return hidden.gather(1, context.mask.last[:, None, None].expand(-1, 1, hidden.shape[-1]))


def load_norm(module: Any, kernels: Kernels) -> Norm:
    """Return Gemma's RMS norm, which adds 1 to its weights in float32."""
    weight, epsilon = 1.0 + module.weight.data.float(), module.eps
    return lambda hidden: kernels.rms_norm(hidden, weight, epsilon)


def _identity(hidden: torch.Tensor) -> torch.Tensor:
    return hidden
