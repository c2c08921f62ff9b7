"""The manifest: the units of an output, which the run that writes a record fixes."""

import hashlib
import random
from collections.abc import Sequence

import pyarrow as pa

from pipelines.output.record import damaged_record
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


def manifest_name(content: bytes) -> str:
    """Return the file name of a manifest; equal manifests have equal names."""
    return f"manifest.{hashlib.sha256(content).hexdigest()[:16]}.shards"


def units_of_manifest(content: bytes, path: str) -> tuple[Unit, ...]:
    """Read the units of the manifest at `path`; raise JobError if the manifest is damaged."""
    return _units(_read_table(content, path))


def other_shards(content: bytes, path: str, number: int, unit: Unit) -> tuple[Unit, ...]:
    """Read a unit of each of at most `number` shards other than the unit's, chosen at random.

    `content` is the content of the manifest at `path`. Equal units get equal choices.
    """
    import pyarrow.compute as pc  # takes 0.1 s, which plans do not need

    table = _read_table(content, path)
    shards = [shard for shard in table["shard"].unique().to_pylist() if shard != unit.shard]
    chosen = random.Random(unit.name).sample(shards, min(number, len(shards)))
    first_rows = pc.index_in(pa.array(chosen, pa.string()), table["shard"].combine_chunks())
    return _units(table.take(first_rows))


def _read_table(content: bytes, path: str) -> pa.Table:
    try:
        return pa.ipc.open_file(content).read_all().select(MANIFEST.names)
    except (pa.ArrowException, KeyError):
        raise damaged_record(path) from None


def _units(table: pa.Table) -> tuple[Unit, ...]:
    rows = zip(*(column.to_pylist() for column in table.columns), strict=True)
    return tuple(
        Unit(name, path, shard, size, version, ends and (ends[0], ends[1]), first_index)
        for name, path, shard, size, version, ends, first_index in rows
    )
