"""Reads a PaliGemma's configuration."""

from pathlib import Path
from typing import Any

from inference.families.paligemma.load_errors import load_errors
from inference.families.paligemma.plain_configuration import read_plain_configuration
from schemas.errors import JobError


def read_configuration(folder: Path) -> Any:
    """Read the folder's config.json with transformers' defaults, for the fast engine.

    The result is a PlainConfiguration, or a PaliGemmaConfig if only transformers knows the file's
    keys. Raises JobError as `read_transformers_configuration` does.
    """
    _refuse_adapter(folder)
    return read_plain_configuration(folder) or read_transformers_configuration(folder)


def read_transformers_configuration(folder: Path) -> Any:
    """Read the folder's config.json with transformers: a PaliGemmaConfig.

    Raises JobError if the folder holds an adapter, which transformers would apply unasked.

    PaliGemma 2 was trained without Gemma 2's sliding window, so every layer has full attention. At
    896 pixels the window would hide the first of the 4096 image tokens from half of the layers.
    """
    _refuse_adapter(folder)
    from transformers import PaliGemmaConfig  # an import of two seconds

    with load_errors(folder, "config.json"):
        config: Any = PaliGemmaConfig.from_pretrained(folder, local_files_only=True)
    text = config.text_config
    if getattr(text, "layer_types", None) is not None:
        text.layer_types = ["full_attention"] * text.num_hidden_layers
    return config


def _refuse_adapter(folder: Path) -> None:
    if (folder / "adapter_config.json").exists():
        raise JobError(
            f"model.checkpoint: {str(folder)!r} holds an adapter beside its weights: copy them "
            "without adapter_config.json, and name the adapter in model.adapter"
        )
