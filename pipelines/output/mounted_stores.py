"""Recognizes an output in a mounted object store, which may not create a file only once."""

import os
import re
from pathlib import Path

from pipelines.storage.paths import scheme

_MOUNTS = Path("/proc/mounts")  # of Linux

# Words in the type or the source of mounts of object stores by FUSE. Their mounts on two machines
# do not see each other's new files at once, so that both may create one.
_STORES = re.compile(
    r"\b(?:s3fs|gcsfuse|goofys|geesefs|mountpoint-s3|rclone|blobfuse2?|ossfs2?|cosfs|obsfs|riofs|"
    r"tigrisfs)\b"
)


def mounted_store_warning(output: str, mounts: Path | None = None) -> str | None:
    """Return a line of warning if an output is a folder in a mounted object store."""
    if scheme(output):
        return None
    kind = _file_system(os.path.realpath(output), mounts or _MOUNTS)
    if not (found := _STORES.search(kind)):
        return None
    return (
        f"output: {output} is in an object store that {found[0]} mounts, where two machines may "
        "create the same file: start one run at a time, or name the bucket by its URL"
    )


def _file_system(path: str, mounts: Path) -> str:
    """Return source and type of the file system of a path; "" if they are not known."""
    try:
        lines = mounts.read_text(errors="replace").splitlines()
    except OSError:  # not Linux
        return ""
    best, kind = "", ""
    for line in lines:
        source, point, name = [*line.split(" "), "", "", ""][:3]
        point = re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), point)
        is_above = path == point or path.startswith(f"{point.rstrip('/')}/")
        if is_above and len(point) >= len(best):  # of equal ones, the last covers the others
            best, kind = point, f"{source} {name}"
    return kind
