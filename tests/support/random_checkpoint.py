"""A small PaliGemma of random weights, saved as a normal checkpoint directory."""

from pathlib import Path
from typing import Any

import torch
from transformers import GenerationConfig, PaliGemmaConfig, PaliGemmaForConditionalGeneration

from demo.training import tokenizer
from demo.training.architecture import Generation, configuration, processor


def build(
    folder: Path,
    generation: Generation = 2,
    seed: int = 0,
    *,
    image_size: int = 112,
    patch_size: int = 14,
    vision_layers: int = 2,
    text_width: int = 64,
    **settings: Any,
) -> Path:
    """Save a checkpoint in `folder` and return it; the same arguments give the same bytes.

    `image_size` and `patch_size` are in pixels; `settings` are those of `configuration`.
    """
    vocabulary = tokenizer.build()
    config = configuration(
        vocabulary,
        generation,
        image_size=image_size,
        patch_size=patch_size,
        vision_layers=vision_layers,
        vision_width=64,
        text_width=text_width,
        text_expansion=4,
        **settings,
    )
    processor(vocabulary, config).save_pretrained(folder)
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
