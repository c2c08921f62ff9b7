"""The manifest: the units of an output, which the run that writes a record fixes."""

import hashlib
import random
from collections.abc import Iterable

import pyarrow as pa

from pipelines.output.record import damaged_record
from schemas.sample import Unit
from schemas.tables import MANIFEST
from schemas.units import Units


def manifest_bytes(units: Iterable[Unit]) -> bytes:
    """Return the units as an Arrow file; equal units give equal bytes."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, MANIFEST) as writer:
        writer.write_table(Units.of(units).table)
    return bytes(sink.getvalue())


def manifest_name(content: bytes) -> str:
    """Return the file name of a manifest; equal manifests have equal names."""
    return f"manifest.{hashlib.sha256(content).hexdigest()[:16]}.shards"


def units_of_manifest(content: bytes, path: str) -> Units:
    """Read the units of the manifest at `path`; raise JobError if the manifest is damaged."""
    return Units(_read_table(content, path))


def other_shards(content: bytes, path: str, number: int, unit: Unit) -> Units:
    """Read a unit of each of at most `number` shards other than the unit's, chosen at random.

    `content` is the content of the manifest at `path`. Equal units get equal choices.
    """
    import pyarrow.compute as pc  # takes 0.1 s, which plans do not need

    table = _read_table(content, path)
    shards = [shard for shard in table["shard"].unique().to_pylist() if shard != unit.shard]
    chosen = random.Random(unit.name).sample(shards, min(number, len(shards)))
    first_rows = pc.index_in(pa.array(chosen, pa.string()), table["shard"].combine_chunks())
    return Units(table.take(first_rows))


def _read_table(content: bytes, path: str) -> pa.Table:
    try:
        table = pa.ipc.open_file(content).read_all().select(MANIFEST.names)
    except (pa.ArrowException, KeyError):
        raise damaged_record(path) from None
    if not table.schema.equals(MANIFEST):
        raise damaged_record(path)
    return table
