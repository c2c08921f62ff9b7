"""Writes a PaliGemma 2 3B of random weights, for measurements without the real weights.

    python -m benchmarks.inference.random_weights FOLDER [--resolution 224]

The shapes are the same as in google/paligemma2-3b (Gemma 2 2B and SigLIP So400m/14). The tokenizer
is the demo's, and its vocabulary is filled up to the real size. Takes 6 GB in bfloat16.
"""

from pathlib import Path
from typing import Annotated, Any

import torch
import typer
from transformers import PaliGemmaForConditionalGeneration

from demo.training import tokenizer
from demo.training.architecture import configuration, processor

_VOCABULARY = 257_216


def paligemma2_3b(resolution: int, layers: int = 26) -> Any:
    """Build the configuration, over the demo's tokens; `layers` of the language model."""
    config: Any = configuration(
        tokenizer.build(),
        image_size=resolution,
        patch_size=14,
        vision_layers=min(27, layers),
        vision_width=1152,
        text_layers=layers,
        text_width=2304,
        heads=8,
        key_value_heads=4,
        text_expansion=4,
        attn_logit_softcapping=50.0,
    )
    config.vision_config.intermediate_size = 4304
    config.vision_config.num_attention_heads = 16
    config.text_config.head_dim = config.text_config.query_pre_attn_scalar = 256
    config.text_config.vocab_size = config.vocab_size = _VOCABULARY
    return config


def main(
    folder: Path,
    resolution: Annotated[int, typer.Option(help="224, 448 or 896 pixels.")] = 224,
    layers: Annotated[
        int, typer.Option(min=1, help="Of the language model; fewer for a trial.")
    ] = 26,
) -> None:
    """Write the checkpoint."""
    config = paligemma2_3b(resolution, layers)
    processor(tokenizer.build(), config).save_pretrained(folder)
    torch.set_default_dtype(torch.bfloat16)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    with torch.device(device):
        model = PaliGemmaForConditionalGeneration(config)
    model.save_pretrained(folder)
    weights = sum(parameter.numel() for parameter in model.parameters())
    typer.echo(f"{weights / 1e9:.2f} billion weights")


if __name__ == "__main__":
    typer.run(main)
