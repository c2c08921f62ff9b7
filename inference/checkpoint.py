"""Resolves the checkpoint that a job runs, on the hub or in a folder, with its adapter."""

from pathlib import Path
from typing import Any

from inference.config import Model
from inference.families import FAMILIES, find_family
from inference.families.family import ModelFamily
from inference.hub.adapter import resolve_adapter
from inference.hub.hub import (
    fetch_model,
    folder_of,
    is_offline,
    model_configuration,
    resolve_model,
)
from schemas.errors import JobError
from schemas.models import ModelReference, ResolvedModel
from schemas.regular_file import read_json
from schemas.resources import FetchFolder, refuse_folder_urls

_FIELD = "model.checkpoint"  # of the job


class ResolvedCheckpoint(ResolvedModel):
    """A checkpoint pinned to one version, with its adapter."""

    resolution: int
    """The side in pixels of the square image that the model gets."""
    generation: int
    """The generation of the model family, counted from 1."""
    adapter: ResolvedModel | None = None
    """The adapter that changes the weights; null if there is none."""


def resolve_checkpoint(
    model: Model,
    recorded_commit: str | None = None,
    recorded_adapter: str | None = None,
    fetch: FetchFolder = refuse_folder_urls,
) -> ResolvedCheckpoint:
    """Pin the checkpoint and its adapter, and read their configurations; download no weights.

    Commits that an earlier run recorded are used as they are. Raises JobError if the checkpoint or
    the adapter is missing or unsupported.
    """
    reference = ModelReference(model.checkpoint, model.revision, _FIELD)
    resolved, folder = resolve_model(reference, recorded_commit, fetch=fetch)
    config = _read_config(resolved.source, folder)
    family = _family(resolved.source, config)
    resolution, generation = family.describe(config)
    place = folder_of(resolved, folder, _FIELD)
    is_partial = not resolved.local and (bool(place.url) or not is_offline())  # weights come later
    family.check_files(place, config, partial=is_partial)
    return ResolvedCheckpoint(
        **resolved.model_dump(),
        resolution=resolution,
        generation=generation,
        adapter=resolve_adapter(model, recorded_adapter, fetch),
    )


def fetch_checkpoint(
    checkpoint: ResolvedCheckpoint, fetch: FetchFolder = refuse_folder_urls
) -> Path:
    """Return the folder with the weights; download them to this machine's cache if needed."""
    folder = fetch_model(checkpoint, _FIELD, fetch=fetch)
    config = _read_config(checkpoint.source, folder)
    place = folder_of(checkpoint, folder, _FIELD)
    _family(checkpoint.source, config).check_files(place, config, partial=False)
    return folder


def configuration(checkpoint: ResolvedCheckpoint, fetch: FetchFolder = refuse_folder_urls) -> Path:
    """Return a folder with the checkpoint's configuration; the weights may be missing."""
    return model_configuration(checkpoint, _FIELD, fetch)


def family_of(
    checkpoint: ResolvedCheckpoint, fetch: FetchFolder = refuse_folder_urls
) -> ModelFamily:
    """Return the model family of a checkpoint; raise JobError if no family recognizes it."""
    config = _read_config(checkpoint.source, configuration(checkpoint, fetch))
    return _family(checkpoint.source, config)


def _read_config(source: str, folder: Path) -> dict[str, Any]:
    try:
        config = read_json(folder / "config.json")
        config["model_type"]
    except (OSError, ValueError, KeyError, TypeError):
        raise JobError(
            f"{_FIELD}: {source!r} has no config.json of a {_titles()} checkpoint: "
            "an adapter goes into model.adapter"
        ) from None
    assert isinstance(config, dict)  # only a dict takes a text as its index
    return config


def _family(source: str, config: dict[str, Any]) -> ModelFamily:
    family = find_family(config)
    if family is None:
        text = config.get("text_config")
        over = f" over {text.get('model_type')!r}" if isinstance(text, dict) else ""
        raise JobError(
            f"{_FIELD}: {source!r} is a {config['model_type']!r} checkpoint{over}, not {_titles()}"
        )
    if config.get("quantization_config"):
        raise JobError(
            f"{_FIELD}: {source!r} is quantised already: name the checkpoint it was made from, and "
            "model.precision int8 or nf4"
        )
    return family


def _titles() -> str:
    return " or ".join(family.title for family in FAMILIES.values())
