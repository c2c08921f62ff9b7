"""Erases samples from the scores that evaluations stored beside an output."""

import tempfile
from collections.abc import Collection

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.output.output import Output
from schemas.regular_file import NotRegularFile


def erase_scores(output: Output, samples: Collection[tuple[str, int]]) -> int:
    """Erase the rows of samples, given by shard and index; return how many files had some.

    A file that cannot be read is deleted, because nobody knows whether it names the samples.
    """
    storage, number = output.storage, 0
    for entry in list(storage.list(f"{output.layout.control}/evaluations")):
        if not entry.path.endswith(".scores"):
            continue
        try:
            with storage.open(entry.path) as stream:
                table = pq.read_table(stream)
            named = zip(table["shard"].to_pylist(), table["index"].to_pylist(), strict=True)
            staying = [sample not in samples for sample in named]
        except (pa.ArrowException, NotRegularFile, KeyError):
            storage.delete(entry.path)
            number += 1
            continue
        if all(staying):
            continue
        with tempfile.TemporaryFile() as spool:
            pq.write_table(table.filter(pa.array(staying)), spool)
            spool.seek(0)
            storage.write(entry.path, spool)
        number += 1
    return number
