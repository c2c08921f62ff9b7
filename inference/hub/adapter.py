"""Which adapter a job puts over its checkpoint: a LoRA as peft saves it, of the hub or a folder."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, PositiveInt, ValidationError

from inference.config import Model
from inference.hub.hub import HUB_ID, Files, fetch_model, resolve_model
from schemas.errors import JobError
from schemas.models import ModelReference, ResolvedModel

FIELD = "model.adapter"  # of the job
# Beside them may lie what a training left: a tokenizer, states, and weights as a pickle.
_CONFIG, WEIGHTS = "adapter_config.json", "adapter_model.safetensors"
_FILES = Files("an adapter that peft saved", _CONFIG, WEIGHTS, (_CONFIG, WEIGHTS))
_NOTED = {  # of no consequence for what a trained adapter computes, or told by its weights
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
# Trained from base weights that were changed first, which a checkpoint does not hold.
_CHANGED_BASE = re.compile(r"pissa|olora|corda|loftq|lora_ga")


class Lora(BaseModel):
    """What of `adapter_config.json` is taken; which modules it adapts is told by its weights."""

    model_config = ConfigDict(frozen=True, extra="allow")

    r: PositiveInt  # rank
    lora_alpha: float
    rank_pattern: Mapping[str, PositiveInt] = {}
    alpha_pattern: Mapping[str, float] = {}
    use_rslora: bool = False
    use_dora: bool = False
    lora_bias: bool = False
    modules_to_save: tuple[str, ...] | None = None  # trained whole
    base_model_name_or_path: str | None = None

    @classmethod
    def read(cls, folder: Path, source: str) -> "Lora":
        """That of a folder; JobError where it is no LoRA, or one that is not taken."""
        try:
            config: Any = json.loads((folder / _CONFIG).read_text(encoding="utf-8"))
            kind = config["peft_type"]
        except (OSError, ValueError, KeyError, TypeError):
            raise JobError(f"{FIELD}: {source!r} has no {_CONFIG} of an adapter") from None
        if kind != "LORA":
            raise JobError(f"{FIELD}: {source!r} is a {kind!r} adapter: only 'LORA' is taken")
        start = config.get("init_lora_weights")
        if isinstance(start, str) and _CHANGED_BASE.match(start):
            raise JobError(
                f"{FIELD}: {source!r} begins from a base changed by {start!r}: convert it to plain "
                "LoRA by save_pretrained(..., path_initial_model_for_weight_conversion=...)"
            )
        known = {*cls.model_fields, *_NOTED, "peft_type", "init_lora_weights", "fan_in_fan_out"}
        known |= {"bias"} if config.get("bias") == "none" else set()
        if unknown := sorted(key for key, value in config.items() if value and key not in known):
            raise JobError(
                f"{FIELD}: {source!r} uses {unknown[0]}, which is not taken: name a plain LoRA"
            )
        try:
            return cls.model_validate(config)
        except ValidationError as error:
            (place, *_) = error.errors()[0]["loc"]
            raise JobError(
                f"{FIELD}: {source!r} has a {_CONFIG} with a wrong {place}: save it anew with peft"
            ) from None


def resolve_adapter(model: Model, recorded_commit: str | None = None) -> ResolvedModel | None:
    """The job's adapter pinned, its weights unread; None where there is none. Raises JobError."""
    if model.adapter is None:
        return None
    reference = ModelReference(model.adapter, model.adapter_revision, FIELD, "adapter_revision")
    found, folder = resolve_model(reference, recorded_commit, _FILES)
    lora = Lora.read(folder, found.source)
    base, checkpoint = lora.base_model_name_or_path, model.checkpoint
    both = _is_hub_id(base) and _is_hub_id(checkpoint)
    if both and str(base).lower() != checkpoint.lower():
        raise JobError(
            f"{FIELD}: {found.source!r} was trained on {base!r}, not on {checkpoint!r}: put its "
            f"base in model.checkpoint, or name a copy whose {_CONFIG} names yours"
        )
    if lora.use_dora and model.precision in ("int8", "nf4"):
        raise JobError(
            f"{FIELD}: {found.source!r} uses use_dora, which quantised weights do not take: "
            "choose model.precision bfloat16"
        )
    return found


def fetch_adapter(adapter: ResolvedModel) -> Path:
    """The directory that holds its weights, downloaded to the hub's cache where need be."""
    return fetch_model(adapter, FIELD, _FILES)


def _is_hub_id(name: str | None) -> bool:
    """Whether this says which model it is, wherever it lies; a path does not."""
    return bool(name and HUB_ID.fullmatch(name)) and not Path(str(name)).exists()
