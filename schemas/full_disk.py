"""Says where space must be freed when a disk is full."""

import errno
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


@contextmanager
def naming_full_disk(path: str) -> Iterator[None]:
    """Let an error that says that the disk is full name `path`, unless it names another file."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL and error.filename is None:
            error.filename = path
        raise


def full_disk_advice(error: OSError) -> str:
    """Return what to do about a full disk, beginning with a colon; "" for any other error."""
    if error.errno not in _FULL:
        return ""
    if error.filename is not None:
        return ": free space there"
    return (
        f": free space in the output's folder and in the temporary folder, {tempfile.gettempdir()}"
    )
