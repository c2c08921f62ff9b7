"""The manifest: the units of an output, which its first run fixes."""

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
    try:
        table = pa.ipc.open_file(content).read_all().select(MANIFEST.names)
    except pa.ArrowInvalid:
        raise JobError(
            "output: its _shardmill/manifest.arrow is damaged: restore it, or choose another output"
        ) from None
    rows = zip(*(column.to_pylist() for column in table.columns), strict=True)
    return tuple(
        Unit(name, path, shard, size, version, ends and (ends[0], ends[1]), first_index)
        for name, path, shard, size, version, ends, first_index in rows
    )
