"""Erases rows of a committed file: of each, only shard, index and a reason stay."""

import json
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from filters.text_analysis.language_detection import detect_language
from pipelines.output.footers import damaged_file
from pipelines.output.forgotten import FORGET, FORGOTTEN
from pipelines.output.parquet_writer import open_writer
from pipelines.storage.storage import Storage
from schemas.regular_file import NotRegularFile
from schemas.report import Counts
from schemas.tables import FOOTER_COUNTS, PROVENANCE, carried_columns

Rows = npt.NDArray[np.int64]

_STATED = {"status": "dropped", "filter": FORGET, "reason": FORGOTTEN}
_STAYING = frozenset(["shard", "index", *PROVENANCE])
_EMPTY = frozenset(["scores", "redactions"])  # lists that are empty in such rows, and not null


def erase_rows(path: str, rows: Rows, storage: Storage) -> None:
    """Write a file anew without the content of the rows at these sorted positions.

    The file is replaced in one step. Raises JobError if it is damaged.
    """
    try:
        with storage.open(path) as stream, tempfile.TemporaryFile() as spool:
            _copy(pq.ParquetFile(stream), rows, spool)
            spool.seek(0)
            storage.write(path, spool)
    except (pa.ArrowException, NotRegularFile, KeyError, ValueError):
        raise damaged_file(path) from None


def _copy(file: pq.ParquetFile, rows: Rows, spool: BinaryIO) -> None:
    footer = {
        key.decode(): value.decode()
        for key, value in file.metadata.metadata.items()
        if key.startswith(b"shardmill.")
    }
    schema = file.schema_arrow.remove_metadata()
    counts = Counts.model_validate_json(footer[FOOTER_COUNTS])
    start = 0
    with open_writer(spool, schema) as writer:
        for number in range(file.metadata.num_row_groups):
            group = file.read_row_group(number).replace_schema_metadata(None)
            end = start + len(group)
            here = rows[(rows >= start) & (rows < end)] - start
            if len(here):
                counts = _without(counts, group.take(pa.array(here)))
                group = _erased(group, here)
            writer.write_table(group, row_group_size=max(len(group), 1))
            start = end
        footer[FOOTER_COUNTS] = json.dumps(counts.model_dump(), sort_keys=True)
        writer.add_key_value_metadata(footer)


def _erased(group: pa.Table, rows: Rows) -> pa.Table:
    mask = np.zeros(len(group), np.bool_)
    mask[rows] = True
    arrays = []
    for column in group.schema:
        values = group[column.name].combine_chunks()
        if column.name not in _STAYING:
            value: object = [] if column.name in _EMPTY else _STATED.get(column.name)
            both = pa.concat_arrays([values, pa.array([value], column.type)])
            places = np.where(mask, len(values), np.arange(len(values)))
            values = both.take(pa.array(places))
        arrays.append(values)
    return pa.table(arrays, schema=group.schema)


def _without(counts: Counts, rows: pa.Table) -> Counts:
    """Return the counts of a file after some of its kept rows were erased."""
    number, values = len(rows), rows.to_pylist()
    reason = f"{FORGET}/{FORGOTTEN}"
    reasons = {**counts.reasons, reason: counts.reasons.get(reason, 0) + number}
    redactions: Counter[str] = Counter(counts.redactions)
    for row in values:
        redactions.subtract({each["infotype"]: each["count"] for each in row["redactions"] or ()})
    carried = {
        name: counts.carried.get(name, 0) - (number - rows[name].null_count)
        for name in carried_columns(rows.schema)
    }
    return counts.model_copy(
        update={
            "kept": counts.kept - number,
            "dropped": counts.dropped + number,
            "reasons": dict(sorted(reasons.items())),
            "redactions": {name: n for name, n in sorted(redactions.items()) if n > 0},
            "languages": _languages(counts.languages, values),
            "carried": {**counts.carried, **carried},
            "truncated": counts.truncated - sum(bool(row["truncated"]) for row in values),
        }
    )


def _languages(counts: Mapping[str, int], rows: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Move erased samples from `language/kept` to `language/dropped`.

    Rows do not store the language: it is detected again, in the text as the filters left it.
    """
    moved = Counter(counts)
    for row in rows if counts else ():
        language = detect_language(row["source_text"] or "") or "unknown"
        if moved[f"{language}/kept"] > 0:
            moved[f"{language}/kept"] -= 1
            moved[f"{language}/dropped"] += 1
    return {name: number for name, number in sorted(moved.items()) if number > 0}
