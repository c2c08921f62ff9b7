"""Says why a pattern of shards names none, and what to change."""

import os
import re
from collections import Counter
from collections.abc import Sequence
from difflib import get_close_matches

from pipelines.reading.formats import find_format
from pipelines.storage.storage import Entry
from schemas.path_text import first_missing

_NUMBER = re.compile(r"0*(\d+)")


def explain_missing(missing: Sequence[str], found: Sequence[str], listing: Sequence[Entry]) -> str:
    """Say what to change if paths of one folder do not exist; `found` are the others that do."""
    folder, name = os.path.split(missing[0])
    if absent := missing_folder(folder):
        return f"check the path: there is no {absent}"
    if found:
        last = os.path.basename(max(found))
        return (
            f"check the path: {len(found)} of {len(missing) + len(found)} are there, up to {last}"
        )
    names = [os.path.basename(entry.path) for entry in listing if find_format(entry.path)]
    unpadded = _NUMBER.sub(r"\1", name)
    for other in names:
        if _NUMBER.sub(r"\1", other) == unpadded:
            return f"{other} is there: pad the numbers with zeros, as in {{00000..00039}}"
    close = get_close_matches(name, names, 1, 0.5)
    return "check the path" + (f": did you mean {close[0]}?" if close else "")


def explain_no_match(folder: str, listing: Sequence[Entry]) -> str:
    """Say what to change if no entry of a folder matches a glob."""
    if absent := missing_folder(folder):
        return f"check the path: there is no {absent}"
    files = [entry for entry in listing if entry.is_file]
    return (
        f"check the path: {folder} holds {count_extensions(files)}" if files else "check the path"
    )


def missing_folder(folder: str) -> str:
    """Return the first part of a local path that does not exist; "" if all of it does."""
    return "" if "://" in folder else first_missing(folder)


def count_extensions(files: Sequence[Entry]) -> str:
    """Count files by extension, such as `3 .tar, 1 without extension`: the three most frequent."""
    extensions = Counter(extension(entry.path) for entry in files)
    counts = [f"{n} .{e}" if e else f"{n} without extension" for e, n in extensions.most_common(3)]
    return ", ".join(counts)


def extension(path: str) -> str:
    """Return the extension of a path in lower case, without its dot."""
    return os.path.splitext(path)[1].lower().removeprefix(".")
