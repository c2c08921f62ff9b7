"""Finds the types of carried columns, which Parquet shards state in their footers."""

from collections.abc import Sequence
from itertools import islice

from pipelines.config.column_type import type_name
from pipelines.config.input import Input
from pipelines.reading.formats import find_format
from pipelines.storage.storage import Storage
from schemas.errors import ShardFault
from schemas.sample import Unit

_ATTEMPTS = 8  # units whose footers are read, if those of the first cannot be read


def find_carried_types(units: Sequence[Unit], given: Input, storage: Storage) -> dict[str, str]:
    """Return the names of the types that the first readable shard states, by column.

    Returns no types if a shard has a format without types: then all carried columns are text.
    """
    if not given.carried():
        return {}
    formats = (find_format(unit.shard) for unit in units)
    if any(each is None or each.column_types is None for each in formats):
        return {}
    for unit in islice(units, _ATTEMPTS):
        shard_format = find_format(unit.shard)
        assert shard_format is not None
        assert shard_format.column_types is not None
        try:
            types = shard_format.column_types(unit, storage, given)
        except (ShardFault, OSError):  # the run will report the shard
            continue
        return {column: type_name(kind) for column, kind in types.items()}
    return {}
