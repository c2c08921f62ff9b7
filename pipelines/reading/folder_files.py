"""Lists the files of a folder as a user sees them."""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence

from pipelines.reading.raw_sample import IMAGE_EXTENSIONS, VIDEO_EXTENSIONS
from pipelines.storage.storage import Entry, Storage
from schemas.errors import JobError

_OF_SAMPLES = frozenset({*IMAGE_EXTENSIONS, *VIDEO_EXTENSIONS})
_HIDDEN = re.compile(r"/(\.|__MACOSX/)")


def list_visible_files(folder: str, storage: Storage) -> list[Entry]:
    """Return the files at any depth below a folder; the path of the folder ends in `/`.

    Files and folders whose names begin with a dot are left out: `.DS_Store`, the `._` files that
    macOS adds, all of `.git`. So is `__MACOSX`, which macOS adds to archives. A link is an entry
    that is no file; it is not followed, so that no file outside the folder is read.
    """
    entries = storage.list(folder, follow_links=False)
    return [entry for entry in entries if not _HIDDEN.search(entry.path, len(folder) - 1)]


def files_beside_images(folder: str, files: Sequence[Entry]) -> list[Entry]:
    """Return the files whose path equals that of an image or video up to the first dot of the name.

    These are the files of all samples, whichever extensions a job names: they decide a shard's
    version and digest. They are sorted by path.
    """
    groups: dict[str, list[Entry]] = defaultdict(list)
    with_image = set()
    for entry in files:
        parent, _, name = entry.path[len(folder) :].rpartition("/")
        group = f"{parent}/{name.partition('.')[0]}"
        groups[group].append(entry)
        if "." in name and name.rpartition(".")[2].lower() in _OF_SAMPLES:
            with_image.add(group)
    found = [entry for group in with_image for entry in groups[group]]
    return sorted(found, key=lambda entry: entry.path)


def refuse_folder_links(files: Iterable[Entry]) -> None:
    """Raise JobError for a link to a folder, whose files would silently be left out."""
    for entry in files:
        if entry.path.endswith("/"):
            raise JobError(
                f"input.shards: {entry.path} is a link to a folder, which is not followed: "
                "name that folder in input.shards, and remove the link"
            )
