"""Says why samples of a shard cannot be shown."""

from schemas.errors import ShardFault

UNREADABLE = "the shard cannot be read to its end"
_WHY = {
    "shard_missing": "the shard is gone",
    "shard_changed": "the shard has changed since the output was written",
    "shard_permission_denied": "the shard may not be read",
}


def why_unreadable(fault: ShardFault) -> str:
    """Return why a shard gives no sample, or no more samples."""
    return _WHY.get(fault.reason, UNREADABLE)
