"""Collects rows into tables of a few rows, which columnar files hold as row groups or pages."""

from collections.abc import Iterator

import pyarrow as pa

from pipelines.exports.chunk import Chunk, ImageFile, rows_that_fit
from pipelines.exports.export_file import Contents, exported
from schemas.errors import JobError

ROWS, _BYTES = 1000, 32 << 20  # of a table, which a reader holds in memory
_FILE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
_NAMES = {"image": "image", "video": "video", "images": "image_files"}


def image_column(contents: Contents) -> pa.Field | None:
    """Return the column of image files; None if there is none.

    Raises JobError if another column has its name.
    """
    if contents.pictures == "none":
        return None
    name = _NAMES[contents.pictures]
    if name.lower() in map(str.lower, contents.columns):
        raise JobError(
            f"--columns: the export has a column {name} of its own, for the files: leave out "
            "yours, or give --without-images"
        )
    return pa.field(name, pa.list_(_FILE) if contents.pictures == "images" else _FILE)


def table_schema(contents: Contents) -> pa.Schema:
    """Return the exported columns and that of image files; raise JobError as `image_column`."""
    fields = [pa.field(each.name, each.type) for each in contents.schema]
    images = image_column(contents)
    return pa.schema([*fields, images] if images is not None else fields)


class RowGroups:
    """Collects rows of a file; its tables end at the same rows however chunks divide the rows."""

    def __init__(self, contents: Contents) -> None:
        self._contents, self._schema = contents, table_schema(contents)
        self._waiting: list[Chunk] = []
        self._rows = self._bytes = 0

    def add(self, chunk: Chunk) -> Iterator[pa.Table]:
        """Take rows; yield each table that they fill."""
        while len(chunk):
            sizes = chunk.sizes(self._contents.columns)
            fitting = rows_that_fit(sizes, _BYTES - self._bytes)
            number = min(fitting, ROWS - self._rows)
            self._waiting.append(chunk.slice(0, number))
            self._rows += number
            self._bytes += int(sizes[:number].sum())
            chunk = chunk.slice(number, len(chunk))
            if self._rows == ROWS or self._bytes >= _BYTES:
                yield from self.close()

    def close(self) -> Iterator[pa.Table]:
        """Yield the rows that were collected."""
        batches = [self._with_images(each) for each in self._waiting]
        self._waiting, self._rows, self._bytes = [], 0, 0
        if batches:
            yield pa.Table.from_batches(batches, self._schema).combine_chunks()

    def _with_images(self, chunk: Chunk) -> pa.RecordBatch:
        columns = list(exported(chunk, self._contents).columns)
        if chunk.images is not None:
            several = self._contents.pictures == "images"
            files = [list(map(_file, images)) for images in chunk.images]
            values = files if several else [each for (each,) in files]
            columns.append(pa.array(values, self._schema.field(len(columns)).type))
        return pa.record_batch(columns, schema=self._schema)


def _file(image: ImageFile) -> dict[str, object]:
    return {"bytes": image.content, "path": image.name}
