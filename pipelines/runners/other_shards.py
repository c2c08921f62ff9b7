"""Distinguishes a shard that cannot be read from a machine that can read no shard."""

from pipelines.config.input import Input
from pipelines.output.manifest import sample_of_manifest
from pipelines.reading import open_unit
from pipelines.storage.storage import Storage
from schemas.errors import ShardFault, ShardUnreachable
from schemas.sample import Unit

_PROBED = 16  # units that are chosen, beside the unit itself, which may be among them


def reads_no_other_shard(unit: Unit, manifest: str, storage: Storage, input_config: Input) -> bool:
    """Return whether this machine can read none of some other shards of the output.

    `manifest` is the path of the output's manifest; some of its units are chosen at random, and the
    beginning of each unit of another shard is read. A shard that is damaged or gone counts as
    readable, because storage gave an answer. Returns False if no chosen unit is of another shard.
    """
    content = storage.read_bytes(manifest)
    tried = 0
    for other in sample_of_manifest(content, manifest, _PROBED + 1, unit.name):
        if other.path != unit.path:
            if _is_readable(other, storage, input_config):
                return False
            tried += 1
    return tried > 0


def _is_readable(unit: Unit, storage: Storage, input_config: Input) -> bool:
    try:
        with open_unit(unit, storage, input_config, texts=False) as samples:
            next(iter(samples), None)
    except ShardUnreachable:
        return False
    except ShardFault:  # the shard is damaged or gone, which storage can tell
        return True
    return True
