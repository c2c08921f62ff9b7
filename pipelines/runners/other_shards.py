"""Distinguishes a shard that cannot be read from a machine that can read no shard."""

from pipelines.config.input import Input
from pipelines.output.manifest import other_shards
from pipelines.reading import open_unit
from pipelines.storage.storage import Storage
from schemas.errors import ShardFault, ShardUnreachable
from schemas.sample import Unit

_PROBED = 16  # other shards at most


def reads_no_other_shard(unit: Unit, manifest: str, storage: Storage, input_config: Input) -> bool:
    """Return whether this machine can read none of some other shards of the output.

    `manifest` is the path of the output's manifest; the beginnings of some other shards are read,
    which are chosen at random. A shard that is damaged or gone counts as readable, because storage
    gave an answer. Returns False if the output has no other shard.
    """
    others = other_shards(storage.read_bytes(manifest), manifest, _PROBED, unit)
    return bool(others) and not any(_is_readable(other, storage, input_config) for other in others)


def _is_readable(unit: Unit, storage: Storage, input_config: Input) -> bool:
    try:
        with open_unit(unit, storage, input_config, texts=False) as samples:
            next(iter(samples), None)
    except ShardUnreachable:
        return False
    except ShardFault:  # the shard is damaged or gone, which storage can tell
        return True
    return True
