"""Lists the files of a folder as a user sees them."""

import re
from collections.abc import Iterable

from pipelines.storage.storage import Entry, Storage
from schemas.errors import JobError

_HIDDEN = re.compile(r"/(\.|__MACOSX/)")


def list_visible_files(folder: str, storage: Storage) -> list[Entry]:
    """Return the files at any depth below a folder; the path of the folder ends in `/`.

    Files and folders whose names begin with a dot are left out: `.DS_Store`, the `._` files that
    macOS adds, all of `.git`. So is `__MACOSX`, which macOS adds to archives. A link is an entry
    that is no file; it is not followed, so that no file outside the folder is read.
    """
    entries = storage.list(folder, follow_links=False)
    return [entry for entry in entries if not _HIDDEN.search(entry.path, len(folder) - 1)]


def refuse_folder_links(files: Iterable[Entry]) -> None:
    """Raise JobError for a link to a folder, whose files would silently be left out."""
    for entry in files:
        if entry.path.endswith("/"):
            raise JobError(
                f"input.shards: {entry.path} is a link to a folder, which is not followed: "
                "name that folder in input.shards, and remove the link"
            )
