"""SigLIP and the projection to the language model's width, as plain tensors."""

from typing import Any

import torch
from torch.nn import functional

from inference.families.paligemma.activation import activation
from inference.families.paligemma.linear import fuse_linears


class VisionTower:
    """An image encoder with the weights of a PaliGemma; the order of sums may differ."""

    def __init__(self, model: Any) -> None:
        siglip, config = model.model.vision_tower, model.config.vision_config
        self._embeddings = siglip.embeddings
        self._layers = [_EncoderLayer(layer, config) for layer in siglip.encoder.layers]
        self._norm = siglip.post_layernorm
        self._project = model.model.multi_modal_projector

    def __call__(self, pixel_values: torch.Tensor) -> torch.Tensor:
        """Encode images [n, 3, S, S] as the language model's input [n, image tokens, width]."""
        hidden = self._embeddings(pixel_values)
        for layer in self._layers:
            hidden = layer(hidden)
        features: torch.Tensor = self._project(self._norm(hidden))
        return features


class _EncoderLayer:
    """A pre-norm encoder layer: attention and an MLP, each with a residual connection."""

    def __init__(self, layer: Any, config: Any) -> None:
        self_attention, mlp = layer.self_attn, layer.mlp
        self._num_heads = config.num_attention_heads
        self._scale = (config.hidden_size // self._num_heads) ** -0.5
        self._before_attention, self._before_mlp = layer.layer_norm1, layer.layer_norm2
        self._qkv = fuse_linears(
            self_attention.q_proj, self_attention.k_proj, self_attention.v_proj
        )
        self._output = fuse_linears(self_attention.out_proj)
        self._up, self._down = fuse_linears(mlp.fc1), fuse_linears(mlp.fc2)
        self._activation = activation(config.hidden_act)

    def __call__(self, hidden: torch.Tensor) -> torch.Tensor:
        projected = self._qkv(self._before_attention(hidden))
        heads = projected.view(*hidden.shape[:2], 3, self._num_heads, -1).permute(2, 0, 3, 1, 4)
        queries, keys, values = heads.unbind()
        attended = functional.scaled_dot_product_attention(queries, keys, values, scale=self._scale)
        hidden = hidden + self._output(attended.transpose(1, 2).flatten(2))
        inner = self._up(self._before_mlp(hidden))
        return hidden + self._down(self._activation(inner))
