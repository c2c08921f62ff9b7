"""Which checkpoint a job runs: a model of the hub or a folder that must be a PaliGemma.

With it goes its adapter, where the job names one.
"""

import json
from pathlib import Path
from typing import Any, Literal

from inference.config import Model
from inference.hub.adapter import resolve_adapter
from inference.hub.hub import fetch_model, model_configuration, resolve_model
from schemas.errors import JobError
from schemas.models import ModelReference, ResolvedModel

_FIELD = "model.checkpoint"  # of the job
_GENERATIONS: dict[str, Literal[1, 2]] = {"gemma": 1, "gemma2": 2}


class ResolvedCheckpoint(ResolvedModel):
    """Exactly one checkpoint."""

    resolution: int  # S, the side in pixels of the square the model sees
    generation: Literal[1, 2]  # of PaliGemma
    adapter: ResolvedModel | None = None  # that changes its weights


def resolve_checkpoint(
    model: Model, recorded_commit: str | None = None, recorded_adapter: str | None = None
) -> ResolvedCheckpoint:
    """Find the checkpoint and its adapter, and read their configurations, not their weights.

    Commits that an earlier run recorded are taken as they are. Raises JobError.
    """
    reference = ModelReference(model.checkpoint, model.revision, _FIELD)
    found = _described(*resolve_model(reference, recorded_commit))
    adapter = resolve_adapter(model, recorded_adapter)
    return found.model_copy(update={"adapter": adapter})


def fetch(checkpoint: ResolvedCheckpoint) -> Path:
    """The directory that holds the weights, downloaded to the hub's cache where need be."""
    return fetch_model(checkpoint, _FIELD)


def configuration(checkpoint: ResolvedCheckpoint) -> Path:
    """A directory that holds its configuration, though not yet its weights."""
    return model_configuration(checkpoint, _FIELD)


def _described(found: ResolvedModel, folder: Path) -> ResolvedCheckpoint:
    source = found.source
    try:
        config: dict[str, Any] = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        kind = config["model_type"]
        text = config["text_config"].get("model_type", "gemma")
        resolution = config["vision_config"].get("image_size", 224)  # SigLIP's default
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise JobError(
            f"{_FIELD}: {source!r} has no config.json of a PaliGemma checkpoint: "
            "an adapter goes into model.adapter"
        ) from None
    if kind != "paligemma" or text not in _GENERATIONS or not isinstance(resolution, int):
        raise JobError(
            f"{_FIELD}: {source!r} is a {kind!r} checkpoint over {text!r}, "
            "not PaliGemma or PaliGemma 2"
        )
    if config.get("quantization_config"):
        raise JobError(
            f"{_FIELD}: {source!r} is quantised already: name the checkpoint it was made from, and "
            "model.precision int8 or nf4"
        )
    return ResolvedCheckpoint(
        **found.model_dump(), resolution=resolution, generation=_GENERATIONS[text]
    )
