"""Finds out whether a store creates an object only once, on which the commit protocol rests."""

import secrets
from contextlib import suppress

from pipelines.output.layout import Layout
from pipelines.storage.paths import scheme
from pipelines.storage.storage import Storage
from schemas.errors import JobError

_NOT_BUILT = ("501", "NotImplemented", "not implemented")  # in the error of an old store


def check_creates_once(layout: Layout, storage: Storage) -> None:
    """Raise JobError if the output's store does not create objects only once, or denies writing.

    In a bucket, one small object is created twice and deleted. Of two runs that begin an output at
    once, one must be refused: a store that ignores If-None-Match lets both begin.
    """
    if not scheme(layout.root):
        return
    # A probe that dies leaves a temporary file, which the end of a run deletes.
    path = f"{layout.control}/probe-{secrets.token_hex(8)}.tmp"
    try:
        storage.create(path, b"first")
        try:
            storage.create(path, b"second")
        except FileExistsError:
            return
    except FileNotFoundError:
        raise JobError(
            f"output: {layout.root}: there is no such bucket: create it, or name another"
        ) from None
    except PermissionError as error:
        raise JobError(
            f"output: {layout.root} cannot be written: {error.strerror}, or choose another folder"
        ) from None
    except OSError as error:
        if not any(sign in str(error.strerror) for sign in _NOT_BUILT):
            raise
    finally:
        with suppress(OSError):  # whoever may only write leaves the probe behind
            storage.delete(path)
    raise JobError(
        f"output: {layout.root}: its store does not create objects only once (it ignores or lacks "
        "If-None-Match), so that two runs could mix their files: choose a folder on a disk, or "
        "another store, and copy the output there"
    )
