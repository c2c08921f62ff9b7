"""The vision tower as plain tensors: SigLIP, and the projection to the text tower's width."""

from typing import Any

import torch
from torch.nn import functional

from inference.families.paligemma.activation import activation
from inference.families.paligemma.linear import joined


class VisionTower:
    """Over the weights of transformers' modules; sums may be taken in another order."""

    def __init__(self, model: Any) -> None:
        tower = model.model.vision_tower
        self._embeddings = tower.embeddings
        self._layers = [_Layer(layer) for layer in tower.encoder.layers]
        self._norm = tower.post_layernorm
        self._project = model.model.multi_modal_projector

    def __call__(self, pixel_values: torch.Tensor) -> torch.Tensor:
        """What the text tower sees of images [n, 3, S, S]: [n, image tokens, width]."""
        hidden = self._embeddings(pixel_values)
        for layer in self._layers:
            hidden = layer(hidden)
        found: torch.Tensor = self._project(self._norm(hidden))
        return found


class _Layer:
    """Attention and perceptron, each after its norm, each added to what went in."""

    def __init__(self, layer: Any) -> None:
        own, perceptron = layer.self_attn, layer.mlp
        self._heads, self._scale = own.num_heads, own.scale
        self._before_attention, self._before_perceptron = layer.layer_norm1, layer.layer_norm2
        self._projections = joined(own.q_proj, own.k_proj, own.v_proj)
        self._output = joined(own.out_proj)
        self._widen, self._narrow = joined(perceptron.fc1), joined(perceptron.fc2)
        self._activation = activation(perceptron.activation_fn)

    def __call__(self, hidden: torch.Tensor) -> torch.Tensor:
        projected = self._projections(self._before_attention(hidden))
        parts = projected.view(*hidden.shape[:2], 3, self._heads, -1).permute(2, 0, 3, 1, 4)
        queries, keys, values = parts.unbind()
        found = functional.scaled_dot_product_attention(queries, keys, values, scale=self._scale)
        hidden = hidden + self._output(found.transpose(1, 2).flatten(2))
        widened = self._widen(self._before_perceptron(hidden))
        return hidden + self._narrow(self._activation(widened))
