"""Finds out whether a store creates an object only once, on which the commit protocol rests."""

import errno
import secrets
from contextlib import suppress

from pipelines.output.layout import Layout
from pipelines.storage.paths import scheme
from pipelines.storage.storage import Storage
from schemas.errors import JobError

_NO_EXCLUSIVE = (errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL)  # of mounted stores
_NOT_BUILT = ("501", "NotImplemented", "not implemented")  # in the error of an old store


def check_creates_once(layout: Layout, storage: Storage) -> None:
    """Raise JobError if the output's store does not create objects only once, or denies writing.

    In a bucket, one small object is created twice and deleted. Of two runs that begin an output at
    once, one must be refused: a store that ignores If-None-Match lets both begin.
    """
    if scheme(layout.root):
        _probe(layout, storage)


def check_folder_creates_once(layout: Layout, storage: Storage) -> None:
    """Check likewise an output in a folder, which a run does because a plan writes no file there.

    Raises JobError also if nothing can be written there.
    """
    if scheme(layout.root):
        return
    path = f"{layout.control}/probe-{secrets.token_hex(8)}.tmp"
    try:
        storage.create(path, b"first", durable=False)
        with suppress(FileExistsError):
            storage.create(path, b"second", durable=False)
            raise JobError(
                f"output: {layout.root} is in a file system that creates a file a second time, so "
                "that two runs could mix their files: choose a folder on another disk, or a bucket "
                "by its URL"
            )
    except OSError as error:
        problem = f"cannot be written: {error.strerror}: choose another folder"
        if error.errno in _NO_EXCLUSIVE:
            problem = (
                f"is in a file system that cannot create a file only once ({error.strerror}): "
                "choose a folder on another disk, or a bucket by its URL"
            )
        raise JobError(f"output: {layout.root} {problem}") from None
    finally:
        with suppress(OSError):
            storage.delete(path)


def _probe(layout: Layout, storage: Storage) -> None:
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
