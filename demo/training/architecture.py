"""Configuration and processor of a small PaliGemma or PaliGemma 2."""

from typing import Any, Literal

from transformers import (
    Gemma2Config,
    GemmaConfig,
    PaliGemmaConfig,
    PaliGemmaProcessor,
    PreTrainedTokenizerFast,
    SiglipImageProcessorPil,
    SiglipVisionConfig,
)

Generation = Literal[1, 2]  # of PaliGemma

_TEXT_CONFIGS = {1: GemmaConfig, 2: Gemma2Config}


def configuration(
    tokens: PreTrainedTokenizerFast,
    generation: Generation = 2,
    *,
    image_size: int = 128,
    patch_size: int = 16,
    vision_layers: int = 4,
    vision_width: int = 192,
    text_layers: int = 4,
    text_width: int = 128,
    heads: int = 4,
    key_value_heads: int = 2,
    vision_expansion: int = 4,
    text_expansion: int = 2,
    **text_settings: Any,
) -> PaliGemmaConfig:
    """A small PaliGemma configuration for this vocabulary; the defaults are those of the demo.

    `image_size` and `patch_size` are in pixels. An expansion is the ratio of an MLP's hidden width
    to the width of its tower. `text_settings` go to the text configuration unchanged.
    """
    ends: dict[str, Any] = {
        "pad_token_id": tokens.pad_token_id,
        "bos_token_id": tokens.bos_token_id,
        "eos_token_id": tokens.eos_token_id,
    }
    text: dict[str, Any] = {
        "vocab_size": len(tokens),
        "hidden_size": text_width,
        "intermediate_size": text_expansion * text_width,
        "num_hidden_layers": text_layers,
        "num_attention_heads": heads,
        "num_key_value_heads": key_value_heads,
        "head_dim": text_width // heads,
        "initializer_range": text_width**-0.5,
    }
    if generation == 2:
        text |= {"query_pre_attn_scalar": text_width // heads}
    return PaliGemmaConfig(
        vision_config=SiglipVisionConfig(
            image_size=image_size,
            patch_size=patch_size,
            num_hidden_layers=vision_layers,
            hidden_size=vision_width,
            intermediate_size=vision_expansion * vision_width,
            num_attention_heads=heads,
            vision_use_head=False,
        ),
        text_config=_TEXT_CONFIGS[generation](**text, **ends, **text_settings),
        image_token_index=tokens.image_token_id,
        vocab_size=len(tokens),
        projection_dim=text_width,
        hidden_size=text_width,
        **ends,
    )


def processor(tokens: PreTrainedTokenizerFast, config: PaliGemmaConfig) -> PaliGemmaProcessor:
    """The processor that turns images and prompts into model input."""
    vision: Any = config.vision_config
    images = SiglipImageProcessorPil(
        size={"height": vision.image_size, "width": vision.image_size},
        image_seq_length=(vision.image_size // vision.patch_size) ** 2,
    )
    return PaliGemmaProcessor(images, tokens)  # type: ignore[no-untyped-call]
