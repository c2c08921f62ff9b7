"""Applies a LoRA adapter with peft: merges it into weights, or keeps it beside quantized ones."""

import re
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file

from inference.families.paligemma.module_names import current_name
from inference.families.paligemma.quantization import no_code_from_the_hub
from inference.hub.adapter import FIELD, WEIGHTS, Lora
from schemas.errors import JobError

with no_code_from_the_hub():
    from peft import LoraConfig, PeftModel, set_peft_model_state_dict
    from peft.tuners.lora import LoraLayer
    from peft.utils import ModulesToSaveWrapper

_PREFIX = "base_model.model."
_NAME = "default"  # peft's name for an adapter without a name


def adapt(model: Any, folder: Path, beside: str | None = None) -> None:
    """Apply the adapter in a folder to transformers' PaliGemma `model`, in place.

    The adapter is added to plain weights in float32. Beside a quantized weight, the adapter stays a
    layer of its own, because rounding the sum would lose what the adapter has learned; so it does
    in the module named `beside`, which will be quantized. Raises JobError if the adapter does not
    fit the model.
    """
    lora = Lora.read(folder, str(folder))
    weights = {current_name(name): weight for name, weight in _weights(folder).items()}
    adapted = _checked(model, weights, lora, folder)
    if "lm_head" in adapted:  # the head shares its matrix with the embedding, which is not adapted
        model.lm_head.weight = torch.nn.Parameter(model.lm_head.weight.detach().clone())
    config = LoraConfig(
        r=lora.r,
        lora_alpha=lora.lora_alpha,  # type: ignore[arg-type]  # any number serves
        rank_pattern={current_name(name): rank for name, rank in lora.rank_pattern.items()},
        alpha_pattern={current_name(name): alpha for name, alpha in lora.alpha_pattern.items()},
        use_rslora=lora.use_rslora,
        use_dora=lora.use_dora,
        lora_bias=lora.lora_bias,
        modules_to_save=list(lora.modules_to_save or []) or None,
        target_modules="|".join(map(re.escape, adapted)),
        inference_mode=True,
    )
    try:
        with warnings.catch_warnings(
            action="ignore"
        ):  # everything that they warn of is checked here
            tuned: Any = PeftModel(model, config)
            result: Any = set_peft_model_state_dict(
                tuned, {f"{_PREFIX}{name}": weight for name, weight in weights.items()}
            )
    except (KeyError, RuntimeError, ValueError) as error:
        raise _misfit(lora, folder, f"peft says {type(error).__name__}") from None
    unset = [key for key in result.missing_keys if "lora_" in key or "modules_to_save" in key]
    if odd := [*result.unexpected_keys, *unset]:
        raise _misfit(lora, folder, f"{odd[0]} is only in one of them")
    _merge(model, beside)


def _weights(folder: Path) -> dict[str, torch.Tensor]:
    """Load the adapter's weights by module name.

    The names are as in the version of transformers that trained the adapter.
    """
    loaded = load_file(folder / WEIGHTS)
    if not all(weight.isfinite().all() for weight in loaded.values()):
        raise JobError(f"{FIELD}: {str(folder)!r} holds numbers that are not finite: train it anew")
    return {name.removeprefix(_PREFIX): weight for name, weight in loaded.items()}


def _checked(
    model: Any, weights: Mapping[str, torch.Tensor], lora: Lora, folder: Path
) -> list[str]:
    """Return the adapted modules; raise JobError if the model lacks one or shapes differ."""
    adapted = []
    for name, weight in weights.items():
        place, mark, rest = name.partition(".lora_")
        try:
            known = (
                model.get_submodule(place)
                if mark
                else model.get_parameter(
                    place.replace(".base_layer.", ".")
                )  # peft saves the head so
            )
        except AttributeError:
            raise _misfit(lora, folder, f"it has no {place}") from None
        if not mark:
            if not known.is_floating_point():
                raise JobError(
                    f"{FIELD}: {str(folder)!r} replaces {place}, which is quantised: choose "
                    "model.precision bfloat16"
                )
            if known.shape != weight.shape:
                raise _misfit(lora, folder, f"{place} is {_size(known)}, not {_size(weight)}")
            continue
        if not isinstance(known, torch.nn.Linear):
            raise JobError(
                f"{FIELD}: {str(folder)!r} adapts {place}, which is no linear layer: name an "
                "adapter of linear layers"
            )
        ends = {"A.weight": known.in_features, "B.weight": known.out_features}
        if rest in ends and ends[rest] != weight.shape[rest == "A.weight"]:
            width = weight.shape[rest == "A.weight"]
            raise _misfit(lora, folder, f"{place} is {ends[rest]} wide, not {width}")
        if rest == "A.weight":
            adapted.append(place)
    if not adapted:
        raise JobError(f"{FIELD}: {str(folder)!r} adapts no module: save it anew with peft")
    return adapted


def _size(weight: torch.Tensor) -> str:
    return " x ".join(map(str, weight.shape))


def _misfit(lora: Lora, folder: Path, why: str) -> JobError:
    base = lora.base_model_name_or_path
    return JobError(
        f"{FIELD}: {str(folder)!r} does not fit the checkpoint ({why}): put what it was trained "
        f"on{f', {base!r},' if base else ''} in model.checkpoint"
    )


def _merge(model: Any, beside: str | None) -> None:
    """Merge the adapter and remove peft's wrappers, except around weights that are, or will be,
    quantized.
    """
    for name, module in list(model.named_modules()):
        if isinstance(module, ModulesToSaveWrapper):
            model.set_submodule(name, module.modules_to_save[_NAME].to(model.dtype))
        elif isinstance(module, LoraLayer):
            base = module.get_base_layer()
            stays = beside is not None and name.startswith(f"{beside}.")
            if type(base) is torch.nn.Linear and not stays:
                module.merge()
                model.set_submodule(name, base)
