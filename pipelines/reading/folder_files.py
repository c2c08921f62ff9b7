"""Lists the files of a folder as a user sees them."""

from pipelines.storage.storage import Entry, Storage


def list_visible_files(folder: str, storage: Storage) -> list[Entry]:
    """The files at any depth below a folder, whose path ends in `/`.

    Names that begin with a dot are left out, and so is everything in such a folder: `.DS_Store`,
    the `._` files that macOS adds, `.git`. No link is followed, so that no file outside the folder
    is read.
    """
    entries = storage.list(folder, follow_links=False)
    return [entry for entry in entries if "/." not in entry.path[len(folder) - 1 :]]
