"""Converts rows to Arrow, in the schema of the output."""

import itertools
from collections.abc import Mapping, Sequence

import pyarrow as pa

from pipelines.reading.text_fields import scalar_text
from pipelines.rows.output_row import OutputRow
from pipelines.rows.row import SKIPPED, Answer, ImageState, Row
from schemas.tables import (
    IMAGES,
    INFO,
    carried_columns,
    element_name,
    is_own,
    logprobs_name,
    task_name,
)

_IMAGE_FIELDS = tuple(field.name for field in IMAGES["images"].value_type)


def to_arrow(
    rows: Sequence[Row], schema: pa.Schema, provenance: Mapping[str, str] | None = None
) -> pa.RecordBatch:
    """Convert rows to a record batch with the output's schema.

    `provenance` is the value of the column of that name, which is equal in all rows of a job.
    """
    identity: dict[str, Sequence[object]] = {
        "shard": [row.shard for row in rows],
        "index": [row.index for row in rows],
        "key": [_text(row, "key") for row in rows],
        "status": [row.status for row in rows],
        "filter": [row.filter or None for row in rows],
        "reason": [row.reason or None for row in rows],
        "error": [row.error or None for row in rows],
        "width": [row.width if row.kept else None for row in rows],
        "height": [row.height if row.kept else None for row in rows],
        "num_frames": [row.num_frames if row.kept else None for row in rows],
        "duration": [row.duration if row.kept else None for row in rows],
        "fps": [row.fps if row.kept else None for row in rows],
        "truncated": [row.truncated if row.kept else None for row in rows],
        "decoded_rows": [row.decoded_rows if row.kept else None for row in rows],
        "sha256": [row.sha256 if row.kept else None for row in rows],
        "images": [list(map(_image, row.images())) if row.kept else None for row in rows],
        "pdq": [row.pdq if row.kept else None for row in rows],
        "pdq_quality": [row.pdq_quality if row.kept else None for row in rows],
        "pdq_frames": [row.pdq_frames if row.kept else None for row in rows],
        "text_boxes": [
            [box._asdict() for box in row.text_boxes] if row.kept else None for row in rows
        ],
        "provenance": [provenance] * len(rows),
    }
    infos = {column.name: task_name(column.name) for column in schema if column.type == INFO}
    tasks = set(infos.values())
    logprobs = {logprobs_name(task): task for task in tasks}
    pairs: dict[str, Sequence[Mapping[str, float]]] = {
        "scores": [row.scores for row in rows],
        "redactions": [row.redactions for row in rows],
    }
    arrays = []
    for column in schema:
        name = column.name
        if name in pairs:
            arrays.append(_pairs(pairs[name], column.type))
            continue
        if name in identity and name not in tasks and is_own(column):
            values = identity[name]
        elif name in tasks:
            values = [_answer(row, name).value if row.kept else None for row in rows]
        elif name in infos:
            values = [_answer(row, infos[name]).info() if row.kept else None for row in rows]
        elif name in logprobs:
            values = [_answer(row, logprobs[name]).logprobs if row.kept else None for row in rows]
        elif pa.types.is_list(column.type):
            values = [_elements(row, name) for row in rows]
        elif column.type != pa.string():
            values = [row.values.get(name) if row.kept else None for row in rows]
        else:
            values = [_text(row, name) for row in rows]
        arrays.append(pa.array(values, column.type))
    return pa.record_batch(arrays, schema=schema)


def to_rows(batch: pa.RecordBatch | pa.Table) -> list[OutputRow]:
    """Return the rows of an output as Python's own values, for display.

    A time is a text if its type has nanoseconds, or if Python cannot represent it.
    """
    columns = [_python_values(batch.column(number)) for number in range(batch.num_columns)]
    names, carried = batch.schema.names, carried_columns(batch.schema)
    rows = zip(*columns, strict=True)
    return [OutputRow(zip(names, values, strict=True), carried) for values in rows]


def _python_values(column: pa.Array | pa.ChunkedArray) -> list[object]:
    # Arrow makes values of pandas of nanoseconds if pandas is installed, and cuts times of day.
    if not pa.types.is_temporal(column.type) or getattr(column.type, "unit", "") != "ns":
        try:
            return list(column.to_pylist())
        except (ValueError, OverflowError):
            if not pa.types.is_temporal(column.type):
                raise
    return [scalar_text(value) if value.is_valid else None for value in column]


def _pairs(entries: Sequence[Mapping[str, float]], kind: pa.DataType) -> pa.ListArray:
    """Make a list of (name, number) pairs for each row, sorted by name."""
    ordered = [sorted(each.items()) for each in entries]
    offsets = list(itertools.accumulate(map(len, ordered), initial=0))
    flat = list(itertools.chain.from_iterable(ordered))
    fields = list(kind.value_type)
    columns = [pa.array([pair[n] for pair in flat], fields[n].type) for n in range(len(fields))]
    return pa.ListArray.from_arrays(offsets, pa.StructArray.from_arrays(columns, fields=fields))


def _image(image: ImageState) -> dict[str, object]:
    return {name: getattr(image, name) for name in _IMAGE_FIELDS}


def _text(row: Row, name: str) -> str | None:
    text = row.texts.get(name) if row.kept else None
    return text.value if text else None


def _elements(row: Row, name: str) -> list[str] | None:
    """Return the elements of a carried list; None if the row has none."""
    elements: list[str] = []
    while row.kept and (text := row.texts.get(element_name(name, len(elements)))):
        elements.append(text.value)
    return elements or None


def _answer(row: Row, task: str) -> Answer:
    return row.answers.get(task, SKIPPED)
