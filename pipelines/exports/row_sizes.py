"""Counts the bytes of rows, by which an export ends its files.

A row has the same size in whatever batch it is, so that an export that was interrupted ends its
files at the same rows.
"""

import numpy as np
import numpy.typing as npt
import pyarrow as pa

_NUMBER = 8  # bytes of any value that is no text, bytes or list


def row_sizes(batch: pa.RecordBatch) -> npt.NDArray[np.int64]:
    """Return the bytes of the values of each row, before compression and without names."""
    return sum((_sizes(column) for column in batch.columns), np.zeros(len(batch), np.int64))


def _sizes(column: pa.Array) -> npt.NDArray[np.int64]:
    import pyarrow.compute as pc

    kind = column.type
    if pa.types.is_string(kind) or pa.types.is_binary(kind):
        lengths = pc.fill_null(pc.binary_length(column), 0)
        return np.asarray(lengths.to_numpy(zero_copy_only=False), np.int64)
    if pa.types.is_list(kind):
        lists = column.fill_null([]) if column.null_count else column
        offsets = lists.offsets.to_numpy().astype(np.int64)
        values = lists.values.slice(offsets[0], offsets[-1] - offsets[0])
        ends = np.concatenate([[0], np.cumsum(_sizes(values))])
        return np.asarray(np.diff(ends[offsets - offsets[0]]), np.int64)
    if pa.types.is_struct(kind):
        fields = column.flatten()
        return sum((_sizes(each) for each in fields), np.zeros(len(column), np.int64))
    return np.full(len(column), _NUMBER, np.int64)
