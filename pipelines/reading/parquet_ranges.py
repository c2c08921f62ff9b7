"""Finds the bytes of a Parquet file that hold columns, so that they are fetched ahead."""

from collections.abc import Iterator, Sequence

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.reading.parquet_columns import find_leaves
from pipelines.storage.expected_ranges import Range, expect


def chunk_range(metadata: pq.FileMetaData, group: int, column: int) -> Range:
    """Return the bytes of a leaf column in a row group; they are not checked against the file."""
    chunk = metadata.row_group(group).column(column)
    start, dictionary = chunk.data_page_offset, chunk.dictionary_page_offset
    if dictionary is not None and 0 < dictionary < start:
        start = dictionary
    return Range(start, start + chunk.total_compressed_size)


def read_batches(
    file: pq.ParquetFile, stream: object, size: int, columns: Sequence[str] | None = None
) -> Iterator[pa.RecordBatch]:
    """Yield the rows of columns, None for all, in batches of at most `size` rows of a row group.

    `file` reads from `stream`, which is told the bytes that each row group needs. Raises
    ArrowException if a row group is damaged, and the OSErrors of the stream.
    """
    metadata = file.metadata
    leaves: Sequence[int] = range(metadata.num_columns)
    if columns is not None:
        leaves = find_leaves(metadata.schema, columns)
    for group in range(metadata.num_row_groups):
        expect(stream, [chunk_range(metadata, group, leaf) for leaf in leaves])
        try:
            yield from file.iter_batches(size, [group], columns)
        except OSError as error:
            if error.errno is not None:  # of the stream
                raise
            # Arrow raises OSError without a number for bytes that cannot be decompressed.
            raise pa.ArrowInvalid("the row group is damaged") from None
