"""Loads a PaliGemma for the fast engine, without transformers' own modules."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from safetensors import safe_open

from inference.families.paligemma.configuration import read_configuration
from inference.families.paligemma.device_map import module_devices
from inference.families.paligemma.load_errors import load_errors, missing_weights
from inference.families.paligemma.loaded_checkpoint import LoadedCheckpoint
from inference.families.paligemma.module_names import current_name
from inference.families.paligemma.modules import PaliGemmaModules, fits
from inference.families.paligemma.processing import read_processing
from inference.hub.model_files import ModelFolder, Tensor

_HEAD, _EMBEDDING = "lm_head.weight", "model.language_model.embed_tokens.weight"


def load_plain(folder: Path, precision: str, devices: Sequence[str]) -> LoadedCheckpoint | None:
    """Load safetensors from a local folder, in one of torch's precisions, onto the devices.

    The result is None if only transformers has the modules that the checkpoint needs.
    """
    config = read_configuration(folder)
    with load_errors(folder, "config.json or weights"):
        stored = ModelFolder(folder, "model.checkpoint").read_tensors("model.safetensors") or {}
        current = {current_name(name): name for name in stored}
        if not fits(config) or _HEAD in current:  # a head of its own may differ from the embedding
            return None
        with torch.device("meta"):
            model = PaliGemmaModules(config, getattr(torch, precision))
        shapes = {name: tuple(each.shape) for name, each in model.named_parameters()}
        del shapes[_HEAD]
        tensors = {
            name: (current[name], stored[current[name]]) for name in shapes.keys() & current.keys()
        }
        if {name: tensor.shape for name, (_, tensor) in tensors.items()} != shapes:
            raise missing_weights(folder)
        weights = _read(
            folder, tensors, getattr(torch, precision), module_devices(folder, precision, devices)
        )
        model.load_state_dict({**weights, _HEAD: weights[_EMBEDDING]}, assign=True)
        model.tie()
    return LoadedCheckpoint(model.eval(), *read_processing(folder, config, plain=True))


def _read(
    folder: Path,
    tensors: Mapping[str, tuple[str, Tensor]],
    dtype: torch.dtype,
    devices: Mapping[str, str],
) -> dict[str, torch.Tensor]:
    """Read tensors, given as the name in the file and the header's entry, by current name.

    `devices` has the device of each module.
    """
    weights = {}
    for file_name in sorted({tensor.file for _, tensor in tensors.values()}):
        with safe_open(folder / file_name, framework="pt") as file:
            for name, (stored_name, tensor) in tensors.items():
                if tensor.file == file_name:
                    weight = file.get_tensor(stored_name)
                    weights[name] = weight.to(_device(name, devices), dtype)
    return weights


def _device(name: str, devices: Mapping[str, str]) -> str:
    """Return the device of a weight's module; `""` in `devices` stands for every module."""
    return next(
        device for module, device in devices.items() if not module or name.startswith(f"{module}.")
    )
