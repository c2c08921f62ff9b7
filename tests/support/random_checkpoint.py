"""Makes a small PaliGemma of random weights as a normal checkpoint directory."""

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

    `image_size` and `patch_size` are in pixels; `settings` go to `configuration`.
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
    _random_model(config, seed).save_pretrained(folder)
    return folder


def _random_model(config: PaliGemmaConfig, seed: int) -> PaliGemmaForConditionalGeneration:
    """Create a model of random weights without changing torch's global random state."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = PaliGemmaForConditionalGeneration(config)
        _scale_weights(model)
    model.generation_config = GenerationConfig.from_model_config(config)
    return model


def _scale_weights(model: PaliGemmaForConditionalGeneration) -> None:
    """Scale the weights so that greedy answers differ between images and prompts, and end.

    Unscaled random weights give nearly uniform attention, so all images look the same to the model.
    A token's own embedding then outweighs the output of the layers, so the tied head repeats the
    last token forever.
    """
    language = model.model.language_model
    scales = torch.tensor([_embedding_scale(token) for token in tokenizer.tokens()])
    with torch.no_grad():
        language.embed_tokens.weight *= 0.04 * scales[:, None]
        language.norm.weight.fill_(100)  # restores the spread of logits after the small embeddings
        for layer in language.layers:
            layer.self_attn.q_proj.weight *= 4


def _embedding_scale(token: str) -> float:
    """Return the scale of a token's embedding and logit, so how often the token is generated."""
    if token == "<eos>":
        return 2.0
    if token in tokenizer.LOCATIONS:
        return 0.8  # a thousand location tokens compete with two hundred words
    if token in tokenizer.WORDS:
        return 0.9
    return 1.0 if token.lstrip(tokenizer.SPACE) in tokenizer.WORDS else 0.3
