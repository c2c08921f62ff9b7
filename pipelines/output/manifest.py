"""The manifest: the units of an output, which its first run fixes."""

import random
from collections.abc import Sequence

import pyarrow as pa

from schemas.errors import JobError
from schemas.sample import Unit
from schemas.tables import MANIFEST

_FIELDS = {"row_groups": "slice"}  # column -> field of Unit, if their names differ


def manifest_bytes(units: Sequence[Unit]) -> bytes:
    """Return the units as an Arrow file; equal units give equal bytes."""
    columns = {
        name: [getattr(unit, _FIELDS.get(name, name)) for unit in units] for name in MANIFEST.names
    }
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, MANIFEST) as writer:
        writer.write_table(pa.table(columns, MANIFEST))
    return bytes(sink.getvalue())


def units_of_manifest(content: bytes) -> tuple[Unit, ...]:
    """Read the units of a manifest; raise JobError if the manifest is damaged."""
    return _units(_read_table(content))


def sample_of_manifest(content: bytes, number: int, seed: str) -> tuple[Unit, ...]:
    """Read at most `number` units of a manifest, chosen at random by the seed."""
    table = _read_table(content)
    chosen = random.Random(seed).sample(range(len(table)), min(number, len(table)))
    return _units(table.take(chosen))


def _read_table(content: bytes) -> pa.Table:
    try:
        return pa.ipc.open_file(content).read_all().select(MANIFEST.names)
    except pa.ArrowInvalid:
        raise JobError(
            "output: its _shardmill/manifest.arrow is damaged: restore it, or choose another output"
        ) from None


def _units(table: pa.Table) -> tuple[Unit, ...]:
    rows = zip(*(column.to_pylist() for column in table.columns), strict=True)
    return tuple(
        Unit(name, path, shard, size, version, ends and (ends[0], ends[1]), first_index)
        for name, path, shard, size, version, ends, first_index in rows
    )
