"""Resolves a job's adapter: a LoRA as peft saves it, on the hub or in a folder."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, PositiveInt, ValidationError

from inference.config import QUANTIZED, Model
from inference.hub.hub import HUB_ID, Files, fetch_model, resolve_model
from schemas.errors import JobError
from schemas.models import ModelReference, ResolvedModel
from schemas.regular_file import read_json
from schemas.resources import FetchFolder, refuse_folder_urls

FIELD = "model.adapter"  # of the job
# Only these are loaded: training may leave a tokenizer, states and pickled weights next to them.
_CONFIG, WEIGHTS = "adapter_config.json", "adapter_model.safetensors"
_FILES = Files("an adapter that peft saved", _CONFIG, WEIGHTS, (_CONFIG, WEIGHTS))
_IGNORED = {  # keys that do not change a trained adapter's results, or that its weights show
    "auto_mapping",
    "eva_config",
    "exclude_modules",
    "inference_mode",
    "layers_pattern",
    "layers_to_transform",
    "lora_dropout",
    "megatron_core",
    "peft_version",
    "qalora_group_size",
    "revision",
    "target_modules",
    "task_type",
}
# Initializations that also change the base weights; a checkpoint does not contain the change.
_CHANGED_BASE = re.compile(r"pissa|olora|corda|loftq|lora_ga")


class Lora(BaseModel):
    """The used keys of `adapter_config.json`; the weights show which modules are adapted."""

    model_config = ConfigDict(frozen=True, extra="allow")

    r: PositiveInt  # rank
    lora_alpha: float
    rank_pattern: Mapping[str, PositiveInt] = {}
    alpha_pattern: Mapping[str, float] = {}
    use_rslora: bool = False
    use_dora: bool = False
    lora_bias: bool = False
    modules_to_save: tuple[str, ...] | None = None  # modules that were trained in full
    base_model_name_or_path: str | None = None

    @classmethod
    def read(cls, folder: Path, source: str) -> "Lora":
        """Read a folder's configuration; raise JobError if it is no supported LoRA."""
        try:
            config: Any = read_json(folder / _CONFIG)
            kind = config["peft_type"]
        except (OSError, ValueError, KeyError, TypeError):
            raise JobError(f"{FIELD}: {source!r} has no {_CONFIG} of an adapter") from None
        if kind != "LORA":
            raise JobError(f"{FIELD}: {source!r} is a {kind!r} adapter: only 'LORA' is taken")
        initialization = config.get("init_lora_weights")
        if isinstance(initialization, str) and _CHANGED_BASE.match(initialization):
            raise JobError(
                f"{FIELD}: {source!r} begins from a base changed by {initialization!r}: convert it "
                "to plain LoRA by "
                "save_pretrained(..., path_initial_model_for_weight_conversion=...)"
            )
        known = {*cls.model_fields, *_IGNORED, "peft_type", "init_lora_weights", "fan_in_fan_out"}
        known |= {"bias"} if config.get("bias") == "none" else set()
        if unknown := sorted(key for key, value in config.items() if value and key not in known):
            raise JobError(
                f"{FIELD}: {source!r} uses {unknown[0]}, which is not taken: name a plain LoRA"
            )
        try:
            return cls.model_validate(config)
        except ValidationError as error:
            (key, *_) = error.errors()[0]["loc"]
            raise JobError(
                f"{FIELD}: {source!r} has a {_CONFIG} with a wrong {key}: save it anew with peft"
            ) from None


def resolve_adapter(
    model: Model,
    recorded_commit: str | None = None,
    fetch: FetchFolder = refuse_folder_urls,
) -> ResolvedModel | None:
    """Pin the job's adapter and read its configuration; return None if the job has none.

    Raises JobError if the adapter is unsupported or was trained on another base.
    """
    if model.adapter is None:
        return None
    reference = ModelReference(model.adapter, model.adapter_revision, FIELD, "adapter_revision")
    adapter, folder = resolve_model(reference, recorded_commit, _FILES, fetch)
    lora = Lora.read(folder, adapter.source)
    base, checkpoint = lora.base_model_name_or_path, model.checkpoint
    both = _is_hub_id(base) and _is_hub_id(checkpoint)
    if both and str(base).lower() != checkpoint.lower():
        raise JobError(
            f"{FIELD}: {adapter.source!r} was trained on {base!r}, not on {checkpoint!r}: put its "
            f"base in model.checkpoint, or name a copy whose {_CONFIG} names yours"
        )
    if lora.use_dora and model.precision in QUANTIZED:
        raise JobError(
            f"{FIELD}: {adapter.source!r} uses use_dora, which quantised weights do not take: "
            "choose model.precision bfloat16"
        )
    return adapter


def fetch_adapter(adapter: ResolvedModel, fetch: FetchFolder = refuse_folder_urls) -> Path:
    """Return the folder with the adapter's weights; download them to this machine if needed."""
    return fetch_model(adapter, FIELD, _FILES, fetch=fetch)


def _is_hub_id(name: str | None) -> bool:
    """Return whether a name is a hub id, and not the path of a local folder."""
    return bool(name and HUB_ID.fullmatch(name)) and not Path(str(name)).exists()
