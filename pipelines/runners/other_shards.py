"""Tells a shard that storage does not give from a machine that is given no shard."""

from pipelines.config.input import Input
from pipelines.output.manifest import sample_of_manifest
from pipelines.reading import open_unit
from pipelines.storage.storage import Storage
from schemas.errors import ShardFault, ShardUnreachable
from schemas.sample import Unit

_PROBED = 16  # other shards at most


def reads_no_other_shard(unit: Unit, manifest: str, storage: Storage, input_config: Input) -> bool:
    """Return whether this machine cannot read the beginning of any other shard of the output.

    `manifest` is the path of the output's manifest; some of its shards are tried, chosen at random.
    Returns False if the unit's shard is the only one.
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
