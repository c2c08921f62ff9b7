"""Maps the modules of transformers' PaliGemma to the GPUs of a worker."""

from collections.abc import Sequence
from pathlib import Path

from inference.families.dimensions import place_layers
from inference.families.paligemma.dimensions import read_dimensions


def module_devices(folder: Path, precision: str, devices: Sequence[str]) -> dict[str, str]:
    """Return the device of each module, in accelerate's form."""
    if len(devices) == 1:
        return {"": devices[0]}
    dimensions = read_dimensions(folder)
    stored = dimensions.stored(precision)
    placed = place_layers(dimensions.layers, *stored, len(devices))
    return {module: devices[gpu] for module, gpu in device_map(placed).items()}


def device_map(placed: Sequence[int]) -> dict[str, int]:
    """Return the GPU of each module, in accelerate's form, from the GPU of each layer.

    The embedding and the head are one matrix, so they stay together.
    """
    last = placed[-1]
    return {
        "model.vision_tower": 0,
        "model.multi_modal_projector": 0,
        "model.language_model.embed_tokens": 0,
        "model.language_model.rotary_emb": 0,
        **{f"model.language_model.layers.{number}": gpu for number, gpu in enumerate(placed)},
        "model.language_model.norm": last,
        "lm_head": 0,
    }
