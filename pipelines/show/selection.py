"""Rows of an output, chosen for looking at."""

from collections.abc import Iterator
from itertools import islice

import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipelines.outputs import Layout, Standing, contents
from pipelines.plan import read_record
from pipelines.show.pictures import pictures
from pipelines.show.sheet import Picture
from pipelines.show.stored import Row
from pipelines.storage import Storage, absolute, storage_for
from pipelines.units import units_of_manifest
from schemas.errors import JobError

_AT_ONCE = 256  # rows read at a time


def select(
    output: str, samples: int, status: str | None = None, unit: str | None = None
) -> list[Picture]:
    """The first rows of an output, or those of one status or unit, with their images."""
    storage = storage_for(output)
    layout = Layout(absolute(output))
    read_record(layout, storage)
    units = units_of_manifest(storage.read_bytes(layout.manifest))
    names = [known.name for known in units]
    if unit is not None and unit not in names:
        raise JobError(f"--unit: there is no unit {unit!r}: units are named like {names[0]!r}")
    listing = [entry.path for entry in storage.list(layout.root)]
    standings = contents(layout, listing, names).standings
    files = (
        layout.file(file)
        for name in names
        if unit in (None, name)
        for file in standings.get(name, Standing()).files
    )
    rows = (row for file in files for row in _rows(file, storage, status))
    return pictures(list(islice(rows, samples)), units)


def _rows(path: str, storage: Storage, status: str | None) -> Iterator[Row]:
    with storage.open(path) as stream:
        for batch in pq.ParquetFile(stream).iter_batches(batch_size=_AT_ONCE):
            chosen = batch if status is None else batch.filter(pc.equal(batch["status"], status))
            yield from chosen.to_pylist()
