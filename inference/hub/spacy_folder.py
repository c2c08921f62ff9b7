"""Pins a spaCy pipeline in a folder of this machine; none is downloaded."""

from itertools import islice
from pathlib import Path
from stat import S_ISREG

from inference.hub.folder_digest import changed_folder, digest_folder
from schemas.errors import JobError
from schemas.models import ResolvedModel
from schemas.path_text import first_missing
from schemas.regular_file import NotRegularFile, read_json

_ALL = ("**/*",)
_CONFIGURATION, _DESCRIPTION = "config.cfg", "meta.json"
_MAX_BYTES = 8 << 30  # of all files; the largest pipelines of spaCy have about 1 GB
_MAX_FILES = 100_000


def resolve_spacy(name: str, field: str) -> tuple[ResolvedModel, Path]:
    """Pin a pipeline by a digest of its files; return it with its folder.

    Raises JobError if the folder is none of a pipeline that spaCy saved.
    """
    folder = Path(name).expanduser()
    if missing := first_missing(str(folder.absolute())):
        raise JobError(
            f"{field}: there is no directory {name!r}: check the path: there is no {missing}; "
            "spaCy's pipelines are not downloaded: save one by nlp.to_disk(...)"
        )
    return ResolvedModel(
        source=str(folder.resolve()), local=True, version=_digest(folder, field)
    ), folder


def fetch_spacy(model: ResolvedModel, field: str) -> Path:
    """Return the folder of a pinned pipeline; raise JobError if its files have changed."""
    folder = Path(model.source)
    if _digest(folder, field) != model.version:
        raise changed_folder(model, field)
    return folder


def _digest(folder: Path, field: str) -> str:
    """Digest all files; raise JobError for too many bytes, and for a link to a folder.

    No pattern finds the files behind such a link.
    """
    files = list(islice(folder.glob("**/*"), _MAX_FILES + 1))
    if link := next((each for each in sorted(files) if _links_to_folder(each)), None):
        raise JobError(f"{field}: {str(link)!r} is a link to a folder: copy the folder there")
    if len(files) > _MAX_FILES or sum(map(_size, files)) > _MAX_BYTES:
        raise JobError(
            f"{field}: {str(folder)!r} has more than {_MAX_BYTES >> 30} GiB or {_MAX_FILES:,} "
            "files: name the folder of the pipeline alone"
        )
    try:
        is_pipeline = (folder / _CONFIGURATION).is_file() and isinstance(
            read_json(folder / _DESCRIPTION), dict
        )
        digest = digest_folder(folder, _ALL) if is_pipeline else ""
    except NotRegularFile as error:
        raise JobError(f"{field}: {error.filename!r} is no regular file: copy it again") from None
    except (OSError, ValueError):
        digest = ""
    if not digest:
        raise JobError(
            f"{field}: {str(folder)!r} is no folder of a spaCy pipeline, with {_CONFIGURATION} and "
            f"{_DESCRIPTION}: save one by nlp.to_disk(...), or name the folder in its package"
        )
    return digest


def _size(path: Path) -> int:
    """Return the bytes of a regular file; 0 for everything else, and for a link to nothing."""
    try:
        status = path.stat()
    except OSError:
        return 0
    return status.st_size if S_ISREG(status.st_mode) else 0


def _links_to_folder(path: Path) -> bool:
    return path.is_symlink() and path.is_dir()
