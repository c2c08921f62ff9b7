"""Pins models in folders or on the hub, and fetches them as pinned.

Every error that can occur before weights are read becomes a JobError of one line here. The hub's
client is imported where it is used, because its import takes a quarter of a second.
"""

import fnmatch
import re
from collections.abc import Iterator, Sequence, Set
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from inference.hub.folder_digest import changed_folder, digest_folder
from inference.hub.model_files import ModelFolder, check_sizes
from inference.hub.model_folder import check_model_folder
from inference.hub.optional_packages import check_model_packages
from inference.hub.spacy_folder import fetch_spacy, resolve_spacy
from schemas.errors import JobError
from schemas.models import ModelReference, ResolvedModel, is_url
from schemas.path_text import first_missing
from schemas.resources import FetchFolder, refuse_folder_urls


class Files(NamedTuple):
    """The files that a kind of model is loaded from; pickles and code are never among them."""

    kind: str  # a description for errors
    config: str  # the file with the configuration
    weights: str = "model.safetensors"  # or several files, with an index of them
    loaded: tuple[str, ...] = ("*.json", "*.safetensors", "*.model", "*.txt")


MODEL = Files("a model of transformers", "config.json")

HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]+")
_HUB_PAGES = "https://huggingface.co/"
_WEIGHTS = "*.safetensors"  # which are fetched when they are loaded, and not when a job is planned


def resolve_model(
    reference: ModelReference,
    recorded_commit: str | None = None,
    files: Files = MODEL,
    fetch: FetchFolder = refuse_folder_urls,
) -> tuple[ResolvedModel, Path]:
    """Pin a model; return it with a folder that has its configuration, but maybe no weights.

    The revision of a hub id is looked up on the hub or, without a network, in the local cache.
    `recorded_commit`, from an earlier run, is used as it is. A folder is digested each time: a
    local one by its content, one in a bucket by its listing.
    Raises JobError if the model cannot be found, or a file is not whole. Files that the hub still
    has to send may be missing.
    """
    name, field = reference.name.removeprefix("file://"), reference.field
    if reference.library == "spacy":
        return resolve_spacy(name, field)
    check_model_packages(field)
    if is_url(name):
        return _resolve_url(name, reference, files, fetch)
    folder = Path(name).expanduser()
    if _is_folder(folder):
        check_model(ModelFolder(folder, field), files, reference.needs)
        digest = digest_folder(folder, files.loaded)
        return ResolvedModel(source=str(folder.resolve()), local=True, version=digest), folder
    if not HUB_ID.fullmatch(name):
        missing = first_missing(str(folder.absolute()))
        advice = (
            f"check the path: there is no {missing}"
            if "/" in name
            else "name a folder, or a hub id with its owner, such as google/paligemma2-3b-mix-224"
        )
        raise JobError(f"{field}: there is no directory {name!r}: {advice}")
    from huggingface_hub import hf_hub_download, resolve_revision

    with _hub_errors(reference, files):
        commit = recorded_commit or resolve_revision(name, revision=reference.revision).resolved
        config = hf_hub_download(name, files.config, revision=commit)
    cached = ModelFolder(Path(config).parent, field, from_hub=True)
    check_model(cached, files, reference.needs, partial=not is_offline())
    return ResolvedModel(source=name, local=False, version=commit), cached.path


def _resolve_url(
    url: str, reference: ModelReference, files: Files, fetch: FetchFolder
) -> tuple[ResolvedModel, Path]:
    """Pin a model in a bucket, and copy its files to this machine, except for the weights."""
    with _at(reference.field):
        if url.startswith(_HUB_PAGES):
            name = "/".join(url.removeprefix(_HUB_PAGES).split("/")[:2])
            raise JobError(f"{url}: is a page of the hub: write the hub id, {name}")
        copied = fetch(url, files.loaded, without=_WEIGHTS)
    model = ResolvedModel(source=url.rstrip("/"), local=False, version=copied.version)
    place = folder_of(model, copied.path, reference.field)
    _check_names(place, files, reference.needs, copied.names)
    check_model(place, files, partial=True)
    return model, copied.path


def fetch_model(
    model: ResolvedModel,
    field: str = "model",
    files: Files = MODEL,
    needs: Sequence[str] = (),
    fetch: FetchFolder = refuse_folder_urls,
) -> Path:
    """Return the folder with the weights; download them to this machine's cache if needed.

    Raises JobError if a file is missing or not whole, or a folder has changed since the model was
    pinned.
    """
    check_model_packages(field)  # a worker may lack packages that the planning machine has
    if model.local:
        folder = Path(model.source)
        if digest_folder(folder, files.loaded) != model.version:
            raise changed_folder(model, field)
        check_model(ModelFolder(folder, field), files, needs)
        return folder
    if model.in_bucket:
        with _at(field):
            copied = fetch(model.source, files.loaded, model.version)
        check_model(folder_of(model, copied.path, field), files, needs)
        return copied.path
    from huggingface_hub import snapshot_download

    with _hub_errors(ModelReference(model.source, model.version, field), files):
        snapshot = snapshot_download(
            model.source, revision=model.version, allow_patterns=list(files.loaded)
        )
    fetched = ModelFolder(Path(snapshot), field, from_hub=True)
    check_model(fetched, files, needs)
    return fetched.path


def fetch_reference(
    model: ResolvedModel, reference: ModelReference, fetch: FetchFolder = refuse_folder_urls
) -> Path:
    """Return the folder of a filter's pinned model, as `fetch_model` does."""
    if reference.library == "spacy":
        return fetch_spacy(model, reference.field)
    return fetch_model(model, reference.field, needs=reference.needs, fetch=fetch)


def model_configuration(
    model: ResolvedModel, field: str = "model", fetch: FetchFolder = refuse_folder_urls
) -> Path:
    """Return a folder with the model's config.json; the weights may be missing."""
    if model.local:
        return Path(model.source)
    if model.in_bucket:
        with _at(field):
            return fetch(model.source, MODEL.loaded, model.version, without=_WEIGHTS).path
    from huggingface_hub import hf_hub_download

    with _hub_errors(ModelReference(model.source, model.version, field), MODEL):
        return Path(hf_hub_download(model.source, "config.json", revision=model.version)).parent


def folder_of(model: ResolvedModel, path: Path, field: str) -> ModelFolder:
    """Return a pinned model's folder on this machine, as errors about its files name it."""
    url = model.source if model.in_bucket else ""
    return ModelFolder(path, field, from_hub=not (model.local or url), url=url)


@contextmanager
def _at(field: str) -> Iterator[None]:
    """Let a JobError name the field of the job."""
    try:
        yield
    except JobError as error:
        raise JobError(f"{field}: {error}") from None


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # a name that is longer than names can be, say
        return False


def check_model(
    folder: ModelFolder, files: Files, needs: Sequence[str] = (), partial: bool = False
) -> None:
    """Raise JobError where a model's file is missing or not whole, as far as headers tell.

    With `partial`, files may be missing, because the hub still has to send them.
    """
    check_model_folder(folder.path, folder.field, files.loaded)
    paths = (path for pattern in files.loaded for path in folder.path.glob(pattern))
    names = {path.name: path for path in paths if path.is_file()}  # no link to a deleted file
    folder.check_files(names)
    if not partial:
        _check_names(folder, files, needs, names.keys())
        if files.config not in names:
            return  # whoever reads it says what the folder is not
    tensors = folder.read_tensors(files.weights, partial)
    if tensors is not None:
        check_sizes(folder, tensors)


def _check_names(folder: ModelFolder, files: Files, needs: Sequence[str], names: Set[str]) -> None:
    """Raise JobError if a folder with files of these names has no weights, or lacks a file."""
    pattern = next(each for each in files.loaded if each.endswith(".safetensors"))
    if not fnmatch.filter(names, pattern):
        raise JobError(
            f"{folder.field}: {folder.shown!r} holds no {pattern} weights, and no other "
            "format is read: save the model with "
            "save_pretrained(..., safe_serialization=True), or fetch it again, whole"
        )
    if files.config in names:  # else whoever reads it says what the folder is not
        for need in needs:
            if not names & set(need.split("|")):
                raise folder.missing(*need.split("|"))


def is_offline() -> bool:
    """Return whether the environment forbids the hub's client to use the network."""
    from huggingface_hub import is_offline_mode

    return is_offline_mode()


@contextmanager
def _hub_errors(reference: ModelReference, files: Files) -> Iterator[None]:
    """Raise JobError, in one line that says what to change, for errors of the hub's client."""
    from huggingface_hub import errors
    from huggingface_hub.utils import httpx  # type: ignore[attr-defined]  # exported on access

    name, revision, field = reference.name, reference.revision, reference.field
    try:
        yield
    except errors.GatedRepoError:
        message = (
            f"{field}: {name!r} is gated: accept the license on its page "
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
    except UnicodeError:  # of httpx, over a header
        message = f"{field}: HF_TOKEN has characters that no token has: set it anew"
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
