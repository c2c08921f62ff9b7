"""Reads a PaliGemma checkpoint's dimensions from its configuration."""

from pathlib import Path

from inference.families.dimensions import Dimensions
from inference.families.paligemma.configuration import read_configuration


def read_dimensions(folder: Path) -> Dimensions:
    """Read the dimensions from the folder's config.json, with transformers' defaults."""
    config = read_configuration(folder)
    text, vision = config.text_config, config.vision_config
    layer_weights = 4 * vision.hidden_size**2 + 2 * vision.hidden_size * vision.intermediate_size
    image_tokens = (vision.image_size // vision.patch_size) ** 2
    embedded = image_tokens + 3 * vision.patch_size**2 + text.hidden_size
    return Dimensions(
        resolution=vision.image_size,
        image_tokens=image_tokens,
        layers=text.num_hidden_layers,
        width=text.hidden_size,
        mlp_width=text.intermediate_size,
        num_heads=text.num_attention_heads,
        num_kv_heads=text.num_key_value_heads,
        head_width=text.head_dim,
        vocabulary=text.vocab_size,
        has_softcap=getattr(text, "attn_logit_softcapping", None) is not None,
        vision_weights=vision.num_hidden_layers * layer_weights + embedded * vision.hidden_size,
        max_positions=text.max_position_embeddings,
    )
