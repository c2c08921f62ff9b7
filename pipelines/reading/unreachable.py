"""Distinguishes errors of a shard's storage from errors of the whole machine."""

import errno

from schemas.errors import ShardUnreachable

# Errors of the process or the machine, whatever it opens.
_MACHINE = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS, errno.ENOSPC})
_DENIED = frozenset({errno.EACCES, errno.EPERM})


def unreachable(error: OSError, offset: int) -> ShardUnreachable | None:
    """Return the fault for an error of opening or reading a shard; None if it is the machine's.

    Also returns None if the error has no errno.
    """
    if error.errno is None or error.errno in _MACHINE:
        return None
    denied, failed = ShardUnreachable.REASONS
    return ShardUnreachable(denied if error.errno in _DENIED else failed, offset)
