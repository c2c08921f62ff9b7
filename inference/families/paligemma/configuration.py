"""Reads a PaliGemma's configuration."""

from pathlib import Path
from typing import Any

from transformers import PaliGemmaConfig

from inference.families.paligemma.load_errors import load_errors
from schemas.errors import JobError


def read_configuration(folder: Path) -> Any:
    """Read the folder's config.json with transformers' defaults: a PaliGemmaConfig.

    Raises JobError if the folder holds an adapter, which transformers would apply unasked.

    PaliGemma 2 was trained without Gemma 2's sliding window, so every layer has full attention. At
    896 pixels the window would hide the first of the 4096 image tokens from half of the layers.
    """
    if (folder / "adapter_config.json").exists():
        raise JobError(
            f"model.checkpoint: {str(folder)!r} holds an adapter beside its weights: copy them "
            "without adapter_config.json, and name the adapter in model.adapter"
        )
    with load_errors(folder, "config.json"):
        config: Any = PaliGemmaConfig.from_pretrained(folder, local_files_only=True)
    text = config.text_config
    if getattr(text, "layer_types", None) is not None:
        text.layer_types = ["full_attention"] * text.num_hidden_layers
    return config
