"""The manifest: the units of an output, fixed by its first run."""

from collections.abc import Sequence

import pyarrow as pa

from schemas.errors import JobError
from schemas.sample import Unit
from schemas.tables import MANIFEST


def manifest_bytes(units: Sequence[Unit]) -> bytes:
    """The units as an Arrow file, the same bytes for the same units."""
    columns = {name: [getattr(unit, name) for unit in units] for name in MANIFEST.names}
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, MANIFEST) as writer:
        writer.write_table(pa.table(columns, MANIFEST))
    return bytes(sink.getvalue())


def units_of_manifest(content: bytes) -> tuple[Unit, ...]:
    """The units; JobError where the file is damaged."""
    try:
        table = pa.ipc.open_file(content).read_all().select(MANIFEST.names)
    except pa.ArrowInvalid:
        raise JobError(
            "output: its _shardmill/manifest.arrow is damaged: restore it, or choose another output"
        ) from None
    rows = zip(*(column.to_pylist() for column in table.columns), strict=True)
    return tuple(
        Unit(name, path, shard, size, version, groups and (groups[0], groups[1]), first_index)
        for name, path, shard, size, version, groups, first_index in rows
    )
