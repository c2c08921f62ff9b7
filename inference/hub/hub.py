"""Models of every kind, found in a folder or on the hub: pinned once, and fetched as pinned.

All that can be wrong with a model before its weights are read is said here, in one line.
"""

import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from huggingface_hub import errors, hf_hub_download, resolve_revision, snapshot_download
from huggingface_hub.utils import httpx  # type: ignore[attr-defined]  # exported on access

from schemas.errors import JobError
from schemas.models import ModelReference, ResolvedModel


class Files(NamedTuple):
    """What a kind of model is loaded from. No pickles and no code, whatever else lies beside."""

    kind: str  # in words
    config: str  # the file that describes it
    weights: str = "*.safetensors"
    loaded: tuple[str, ...] = ("*.json", "*.safetensors", "*.model", "*.txt")


MODEL = Files("a model of transformers", "config.json")

HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]+")
_WHOLE = 16 << 20  # bytes; files up to this size are digested whole
_STRIDE = 4 << 20  # bytes; of larger ones a sample is taken in every stride ...
_SAMPLE = 64 << 10  # bytes; ... of this size


def resolve_model(
    reference: ModelReference, recorded_commit: str | None = None, files: Files = MODEL
) -> tuple[ResolvedModel, Path]:
    """The model pinned, and a folder that holds its configuration, though not yet its weights.

    A hub id's revision is looked up on the hub, or in the local cache when there is no network;
    `recorded_commit`, from an earlier run, is taken as it is. A local directory is digested
    afresh. Raises JobError.
    """
    name, field = reference.name, reference.field
    folder = Path(name).expanduser()
    if folder.is_dir():
        digest = _digest(_with_weights(folder, field, files), files)
        return ResolvedModel(source=str(folder.resolve()), local=True, version=digest), folder
    if not HUB_ID.fullmatch(name):
        raise JobError(f"{field}: there is no directory {name!r}")
    with _hub_errors(reference, files):
        commit = recorded_commit or resolve_revision(name, revision=reference.revision).resolved
        config = hf_hub_download(name, files.config, revision=commit)
    return ResolvedModel(source=name, local=False, version=commit), Path(config).parent


def fetch_model(model: ResolvedModel, field: str = "model", files: Files = MODEL) -> Path:
    """The directory that holds the weights, downloaded to the hub's cache where need be."""
    if model.local:
        folder = _with_weights(Path(model.source), field, files)
        if _digest(folder, files) != model.version:
            raise JobError(
                f"{field}: {model.source!r} is not what it was when the job was planned: "
                "put its files back, or plan the job anew"
            )
        return folder
    with _hub_errors(ModelReference(model.source, model.version, field), files):
        snapshot = snapshot_download(
            model.source, revision=model.version, allow_patterns=list(files.loaded)
        )
    return _with_weights(Path(snapshot), field, files)


def model_configuration(model: ResolvedModel, field: str = "model") -> Path:
    """A directory that holds the model's config.json, though not yet its weights."""
    if model.local:
        return Path(model.source)
    with _hub_errors(ModelReference(model.source, model.version, field), MODEL):
        return Path(hf_hub_download(model.source, "config.json", revision=model.version)).parent


def _with_weights(folder: Path, field: str, files: Files) -> Path:
    """The folder, which must hold weights as safetensors."""
    if not any(folder.glob(files.weights)):
        raise JobError(
            f"{field}: {str(folder)!r} holds no {files.weights} weights, and no other format is "
            "read: save the model with save_pretrained(..., safe_serialization=True)"
        )
    return folder


def _digest(folder: Path, files: Files) -> str:
    """`sha256:` over names, sizes and contents of the files that are loaded, by name.

    Of a file over 16 MiB, 64 KiB at the start of every 4 MiB and the last 64 KiB stand for the
    whole: 1 / 64 of the bytes, in which every weight matrix of 4 MiB or more has its part.
    """
    total = hashlib.sha256()
    for path in sorted({path for pattern in files.loaded for path in folder.glob(pattern)}):
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
def _hub_errors(reference: ModelReference, files: Files) -> Iterator[None]:
    """What the hub's client raises, said in one line that tells what to change."""
    name, revision, field, _ = reference
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
        message = f"{reference.revision_field}: {name!r} on the hub has no revision {revision!r}"
    except errors.RemoteEntryNotFoundError:
        message = f"{field}: {name!r} on the hub has no {files.config}: name {files.kind}"
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
