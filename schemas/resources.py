"""The resources that a worker gives to filters and engines when they load."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, NamedTuple, Protocol

from schemas.errors import JobError
from schemas.models import ModelReference


class FetchedFolder(NamedTuple):
    """A copy, on this machine, of files directly in a folder of a bucket."""

    path: Path
    version: str  # a digest of the names, sizes and ETags of all files that the patterns name
    names: frozenset[str]  # of these files; some may not have been copied


class FetchFolder(Protocol):
    """Copies files of a folder in a bucket to this machine, each version once."""

    def __call__(
        self, url: str, patterns: Sequence[str], version: str = "", *, without: str = ""
    ) -> FetchedFolder:
        """Copy the files that any of the patterns names, but not those that `without` names.

        Without a `version`, the folder's present version is fetched. Raises JobError, which does
        not name the field of the job, if the folder has no such files or is in another version.
        """
        ...


def refuse_folder_urls(
    url: str, patterns: Sequence[str], version: str = "", *, without: str = ""
) -> FetchedFolder:
    """Raise JobError: whoever loads the model gave no way to read buckets."""
    raise JobError(f"{url}: cannot be fetched here: name a folder of this machine, or a hub id")


def _folder(reference: ModelReference) -> Path:
    return Path(reference.name)


@dataclass(frozen=True, slots=True)
class Resources:
    """The files, models and hardware for loading filters and engines.

    While a job is planned, the folder of a model from the hub contains only its configuration.
    """

    open: Callable[[str], BinaryIO]  # opens a file that the job names, in any storage
    device: str = "cpu"  # a torch device: cpu, cuda, cuda:1
    gpus: int = 1  # number of GPUs that share the model, from cuda:0; for device "cuda"
    threads: int = 1  # for arithmetic on the CPU
    model: Callable[[ModelReference], Path] = _folder  # the model's folder on this machine
    fetch: FetchFolder = refuse_folder_urls  # copies the folder of a checkpoint from a bucket
    filter: str = ""  # the name, in the job, of the filter that is loaded
    # Of a filter and the bound of its requests: how many more this process may send, 0 if none.
    # None: a process counts by itself, because there is no output that others share.
    take_requests: Callable[[str, int], int] | None = None
