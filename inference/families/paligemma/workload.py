"""Counts the operations and bytes of a PaliGemma, for the roofline."""

from typing import Any

import torch

from inference.families.loaded_model import Workload
from inference.families.paligemma.int8_linear import Int8Linear
from inference.families.paligemma.quantization import stored


def count_workload(model: Any) -> Workload:
    """Count the operations and bytes of a PaliGemma `model`.

    The tensors may be on the meta device. A multiplication and an addition are two operations;
    attention takes 4 * width operations per pair of tokens and layer.
    """
    text, vision = model.config.text_config, model.config.vision_config
    vision_tower, language_model = model.model.vision_tower, model.model.language_model
    image_tokens = text.num_image_tokens
    vision_attention = vision.num_hidden_layers * 4 * image_tokens**2 * vision.hidden_size
    layers, head_width = text.num_hidden_layers, text.head_dim
    linear_layers = _linear_layers(language_model.layers)
    return Workload(
        image_tokens=image_tokens,
        vision_operations=image_tokens * 2 * _weights(vision_tower.encoder.layers)
        + vision_attention,
        layer_weights=_weights(language_model.layers),
        attention_operations=layers * 4 * text.num_attention_heads * head_width,
        weight_bytes=sum(map(stored, linear_layers)) + stored(model.lm_head),
        token_bytes=2 * layers * text.num_key_value_heads * head_width * model.dtype.itemsize,
    )


def _weights(layers: Any) -> int:
    """Count the numbers in the matrices of layers, however they are stored."""
    return sum(linear.in_features * linear.out_features for linear in _linear_layers(layers))


def _linear_layers(layers: Any) -> list[Any]:
    return [
        module for module in layers.modules() if isinstance(module, torch.nn.Linear | Int8Linear)
    ]
