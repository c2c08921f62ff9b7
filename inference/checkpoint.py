"""Which checkpoint a job runs: a name resolved once to exact weights, and fetched.

All that can be wrong with a checkpoint before its weights are read is said here, in one line.
"""

import hashlib
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from huggingface_hub import errors, hf_hub_download, resolve_revision, snapshot_download
from huggingface_hub.utils import httpx  # type: ignore[attr-defined]  # exported on access

from inference.engine import Model
from schemas.errors import JobError
from schemas.frozen import Frozen

# What a checkpoint is loaded from. No pickles and no code, whatever else lies beside.
LOADED = ("*.json", "*.safetensors", "*.model", "*.txt")

_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]+")
_GENERATIONS: dict[str, Literal[1, 2]] = {"gemma": 1, "gemma2": 2}
_WHOLE = 16 << 20  # bytes; files up to this size are digested whole
_STRIDE = 4 << 20  # bytes; of larger ones a sample is taken in every stride ...
_SAMPLE = 64 << 10  # bytes; ... of this size


class ResolvedCheckpoint(Frozen):
    """Exactly one checkpoint; `version` and the rest say what it computes, wherever it lies."""

    source: str  # a hub id, or the absolute path of a directory
    local: bool  # whether source is a directory
    version: str  # of a hub id: the commit; of a directory: its digest
    resolution: int  # S, the side in pixels of the square the model sees
    generation: Literal[1, 2]  # of PaliGemma


def resolve_checkpoint(model: Model, recorded_commit: str | None = None) -> ResolvedCheckpoint:
    """Find the checkpoint and read its configuration, not its weights.

    A hub id's revision is looked up on the hub, or in the local cache when there is no network;
    `recorded_commit`, from an earlier run, is taken as it is. A local directory is digested
    afresh. Raises JobError.
    """
    folder = Path(model.checkpoint).expanduser()
    if folder.is_dir():
        return _described(str(folder.resolve()), folder, _digest(_with_weights(folder)), local=True)
    if not _HUB_ID.fullmatch(model.checkpoint):
        raise JobError(f"model.checkpoint: there is no directory {model.checkpoint!r}")
    name = model.checkpoint
    with _hub_errors(name, model.revision):
        commit = recorded_commit or resolve_revision(name, revision=model.revision).resolved
        config = hf_hub_download(name, "config.json", revision=commit)
    return _described(name, Path(config).parent, commit, local=False)


def fetch(checkpoint: ResolvedCheckpoint) -> Path:
    """The directory that holds the weights, downloaded to the hub's cache where need be."""
    if checkpoint.local:
        folder = _with_weights(Path(checkpoint.source))
        if _digest(folder) != checkpoint.version:
            raise JobError(
                f"model.checkpoint: {checkpoint.source!r} is not what it was when the job was "
                "planned: put its files back, or plan the job anew"
            )
        return folder
    with _hub_errors(checkpoint.source, checkpoint.version):
        snapshot = snapshot_download(
            checkpoint.source, revision=checkpoint.version, allow_patterns=list(LOADED)
        )
    return _with_weights(Path(snapshot))


def _described(source: str, folder: Path, version: str, *, local: bool) -> ResolvedCheckpoint:
    try:
        config: dict[str, Any] = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        kind = config["model_type"]
        text = config["text_config"].get("model_type", "gemma")
        resolution = config["vision_config"].get("image_size", 224)  # SigLIP's default
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise JobError(
            f"model.checkpoint: {source!r} has no config.json of a PaliGemma checkpoint"
        ) from None
    if kind != "paligemma" or text not in _GENERATIONS or not isinstance(resolution, int):
        raise JobError(
            f"model.checkpoint: {source!r} is a {kind!r} checkpoint over {text!r}, "
            "not PaliGemma or PaliGemma 2"
        )
    return ResolvedCheckpoint(
        source=source,
        local=local,
        version=version,
        resolution=resolution,
        generation=_GENERATIONS[text],
    )


def _with_weights(folder: Path) -> Path:
    """The folder, which must hold weights as safetensors."""
    if not any(folder.glob("*.safetensors")):
        raise JobError(
            f"model.checkpoint: {str(folder)!r} holds no *.safetensors weights, and no other "
            "format is read: save the model with save_pretrained(..., safe_serialization=True)"
        )
    return folder


def _digest(folder: Path) -> str:
    """`sha256:` over names, sizes and contents of the files that are loaded, by name.

    Of a file over 16 MiB, 64 KiB at the start of every 4 MiB and the last 64 KiB stand for the
    whole: 1 / 64 of the bytes, in which every weight matrix of 4 MiB or more has its part.
    """
    total = hashlib.sha256()
    for path in sorted({path for pattern in LOADED for path in folder.glob(pattern)}):
        size = path.stat().st_size
        total.update(f"{path.name}\0{size}\0".encode())
        with path.open("rb") as file:
            if size <= _WHOLE:
                total.update(file.read())
            else:
                for offset in (*range(0, size, _STRIDE), size - _SAMPLE):
                    file.seek(offset)
                    total.update(file.read(_SAMPLE))
    return f"sha256:{total.hexdigest()}"


@contextmanager
def _hub_errors(name: str, revision: str) -> Iterator[None]:
    """What the hub's client raises, said in one line that tells what to change."""
    field = "model.checkpoint"
    try:
        yield
    except errors.GatedRepoError:
        message = (
            f"{field}: {name!r} is gated: accept the licence on its page "
            f"https://huggingface.co/{name}, then set HF_TOKEN"
        )
    except (errors.RepositoryNotFoundError, errors.HFValidationError):
        message = (
            f"{field}: {name!r} is neither a directory here nor a repository you may see on the "
            "hub: check its spelling, or set HF_TOKEN if it is private"
        )
    except errors.RevisionNotFoundError:
        message = f"model.revision: {name!r} on the hub has no revision {revision!r}"
    except errors.RemoteEntryNotFoundError:
        message = f"{field}: {name!r} has no config.json of a PaliGemma checkpoint"
    except errors.HfHubHTTPError as error:
        message = (
            f"{field}: the hub answered {error.response.status_code} for {name!r}: check HF_TOKEN, "
            "or try later"
        )
    except (
        errors.RevisionResolutionError,
        errors.LocalEntryNotFoundError,
        errors.OfflineModeIsEnabled,
        httpx.HTTPError,
    ):
        message = (
            f"{field}: there is no directory {name!r}, the hub cannot be reached, and its local "
            f"cache does not hold {name!r} at {revision!r}: check the path or the network"
        )
    else:
        return
    raise JobError(message) from None
