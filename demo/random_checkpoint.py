"""A small PaliGemma of random weights, saved as a normal checkpoint directory."""

from pathlib import Path
from typing import Any, Literal

import torch
from transformers import (
    Gemma2Config,
    GemmaConfig,
    GenerationConfig,
    PaliGemmaConfig,
    PaliGemmaForConditionalGeneration,
    PaliGemmaProcessor,
    SiglipImageProcessorPil,
    SiglipVisionConfig,
)

from demo import tokenizer

Generation = Literal[1, 2]  # of PaliGemma

_TEXT_CONFIGS = {1: GemmaConfig, 2: Gemma2Config}


def build(
    folder: Path,
    generation: Generation = 2,
    seed: int = 0,
    *,
    image_size: int = 112,
    patch_size: int = 14,
    vision_layers: int = 2,
    vision_width: int = 64,
    text_layers: int = 4,
    text_width: int = 64,
    heads: int = 4,
    key_value_heads: int = 2,
    sliding_window: int = 4096,
) -> Path:
    """Save a checkpoint in `folder` and return it; the same arguments give the same bytes.

    `image_size` and `patch_size` are in pixels. `sliding_window`, in tokens, is PaliGemma 2's.
    """
    vocabulary = tokenizer.build()
    ends: dict[str, Any] = {
        "pad_token_id": vocabulary.pad_token_id,
        "bos_token_id": vocabulary.bos_token_id,
        "eos_token_id": vocabulary.eos_token_id,
    }
    text: dict[str, Any] = {
        "vocab_size": len(vocabulary),
        "hidden_size": text_width,
        "intermediate_size": 4 * text_width,
        "num_hidden_layers": text_layers,
        "num_attention_heads": heads,
        "num_key_value_heads": key_value_heads,
        "head_dim": text_width // heads,
        "initializer_range": text_width**-0.5,
    }
    if generation == 2:  # soft-caps and alternating layer types are those of Gemma2Config
        text |= {"query_pre_attn_scalar": text_width // heads, "sliding_window": sliding_window}
    config = PaliGemmaConfig(
        vision_config=SiglipVisionConfig(
            image_size=image_size,
            patch_size=patch_size,
            num_hidden_layers=vision_layers,
            hidden_size=vision_width,
            intermediate_size=4 * vision_width,
            num_attention_heads=heads,
            vision_use_head=False,
        ),
        text_config=_TEXT_CONFIGS[generation](**text, **ends),
        image_token_index=vocabulary.image_token_id,
        vocab_size=len(vocabulary),
        projection_dim=text_width,
        hidden_size=text_width,
        **ends,
    )
    images = SiglipImageProcessorPil(
        size={"height": image_size, "width": image_size},
        image_seq_length=(image_size // patch_size) ** 2,
    )
    processor = PaliGemmaProcessor(images, vocabulary)  # type: ignore[no-untyped-call]
    processor.save_pretrained(folder)
    _draw(config, seed).save_pretrained(folder)
    return folder


def _draw(config: PaliGemmaConfig, seed: int) -> PaliGemmaForConditionalGeneration:
    """A model of random weights; torch's own random state stays as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = PaliGemmaForConditionalGeneration(config)
        _enliven(model)
    model.generation_config = GenerationConfig.from_model_config(config)
    return model


def _enliven(model: PaliGemmaForConditionalGeneration) -> None:
    """Scale the weights so that greedy answers differ between images and prompts, and end.

    As drawn, attention is nearly flat, so that all images look alike, and a token's own embedding
    outweighs what the layers add to it, so that the tied head repeats the last token for ever.
    """
    language = model.model.language_model
    loudness = torch.tensor([_loudness(token) for token in tokenizer.tokens()])
    with torch.no_grad():
        language.embed_tokens.weight *= 0.04 * loudness[:, None]
        language.norm.weight.fill_(100)  # gives the quiet head's logits back their spread
        for layer in language.layers:
            layer.self_attn.q_proj.weight *= 4


def _loudness(token: str) -> float:
    """The scale of a token's embedding, so of its logit: how readily it is generated."""
    if token == "<eos>":
        return 2.0
    if token in tokenizer.LOCATIONS:
        return 0.8  # there are a thousand of them, against two hundred words
    if token in tokenizer.WORDS:
        return 0.9
    return 1.0 if token.lstrip(tokenizer.SPACE) in tokenizer.WORDS else 0.3
