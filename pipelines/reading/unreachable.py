"""Tells errors of a shard's storage from errors of the whole machine."""

import errno

from schemas.errors import ShardUnreachable

# Errors of the process or the machine, whatever it opens.
_MACHINE = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS, errno.ENOSPC})
_DENIED = frozenset({errno.EACCES, errno.EPERM})


def unreachable(error: OSError, offset: int) -> ShardUnreachable | None:
    """Convert an error of opening or reading a shard; None for an error of the machine."""
    if error.errno is None or error.errno in _MACHINE:
        return None
    denied, failed = ShardUnreachable.REASONS
    return ShardUnreachable(denied if error.errno in _DENIED else failed, offset)
