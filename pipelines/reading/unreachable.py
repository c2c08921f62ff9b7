"""Distinguishes errors of a shard's storage from errors of the whole machine."""

import errno

from pipelines.storage.paths import scheme
from schemas.errors import ShardFault, ShardUnreachable

# Errors of the process or the machine, whatever it opens.
_MACHINE = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS, errno.ENOSPC})
_STORE = frozenset({errno.EHOSTDOWN, errno.ECANCELED})  # no answer at all, or an interruption
_CHANGED = {errno.ESTALE: "shard_changed", errno.ENOENT: "shard_missing"}  # of objects
_DENIED = frozenset({errno.EACCES, errno.EPERM})


def unreachable(error: OSError, offset: int) -> ShardFault | None:
    """Return the fault for an error of opening or reading a shard; None if it is the machine's.

    An object that was replaced or deleted while it was read is a ShardFault; every other fault is a
    ShardUnreachable. Also returns None if the error has no errno.
    """
    if error.errno is None or error.errno in _MACHINE:
        return None
    if isinstance(error.filename, str) and scheme(error.filename):
        if error.errno in _STORE:
            return None
        if error.errno in _CHANGED:
            return ShardFault(_CHANGED[error.errno], offset)
    denied, failed = ShardUnreachable.REASONS
    return ShardUnreachable(denied if error.errno in _DENIED else failed, offset)
