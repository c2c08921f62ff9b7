"""The export format `csv`: a line for each row, below a line of names.

Texts are in quotes, and null is nothing, so that the two can be told apart. Lists and structs are
JSON.
"""

from typing import BinaryIO

import pyarrow as pa
import pyarrow.csv as pc

from pipelines.exports.chunk import Chunk
from pipelines.exports.export_file import Contents, Counts, exported
from pipelines.exports.json_values import json_text
from pipelines.rows.table import to_rows


class CsvRows:
    """A file of comma-separated values."""

    def __init__(self, stream: BinaryIO, contents: Contents, before: Counts) -> None:
        self._contents = contents
        self._schema = pa.schema([(each.name, _type(each.type)) for each in contents.schema])
        self._writer = pc.CSVWriter(stream, self._schema)

    def write(self, chunk: Chunk) -> None:
        batch = exported(chunk, self._contents)
        columns = [
            column if column.type == kind.type else _texts(column)
            for column, kind in zip(batch.columns, self._schema, strict=True)
        ]
        self._writer.write_batch(pa.record_batch(columns, schema=self._schema))

    def finish(self) -> Counts:
        self._writer.close()
        return {}

    def close(self) -> None:
        self._writer.close()


def _type(kind: pa.DataType) -> pa.DataType:
    """Return the type of a column in the file: numbers and truth values keep theirs."""
    is_plain = pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind)
    return kind if is_plain else pa.string()


def _texts(column: pa.Array) -> pa.Array:
    values = (row["v"] for row in to_rows(pa.record_batch([column], ["v"])))
    return pa.array([_text(each) for each in values], pa.string())


def _text(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    text = json_text(value)
    return text[1:-1] if text.startswith('"') else text
