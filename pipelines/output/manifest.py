"""The manifest: the units of an output, which the run that writes a record fixes."""

import hashlib
import random
import re
from collections.abc import Iterable

import pyarrow as pa

from pipelines.output.record import damaged_record
from schemas.sample import Unit
from schemas.tables import MANIFEST
from schemas.units import Units

_NAME = re.compile(r"manifest\.(?:(\d{5,})\.)?[0-9a-f]{16}\.shards")


def manifest_bytes(units: Iterable[Unit]) -> bytes:
    """Return the units as an Arrow file; equal units give equal bytes."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, MANIFEST) as writer:
        writer.write_table(Units.of(units).table)
    return bytes(sink.getvalue())


def manifest_name(content: bytes, record: int = 0) -> str:
    """Return the file name of the manifest of the record with this number.

    No later record has a manifest of the same name, so that a manifest which no record names can be
    deleted while another run plans.
    """
    number = f"{record:05d}." if record else ""
    return f"manifest.{number}{_digest(content)}.shards"


def record_of_manifest(name: str) -> int | None:
    """Return the number of the record that may name a manifest; None if `name` is no manifest's.

    Manifests of earlier versions have no number, and count as those of the first record.
    """
    match = _NAME.fullmatch(name)
    return int(match[1] or 0) if match else None


def is_manifest(name: str, content: bytes) -> bool:
    """Return whether a manifest of this name has this content: the name ends in its digest."""
    return name.endswith(f".{_digest(content)}.shards")


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]


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
