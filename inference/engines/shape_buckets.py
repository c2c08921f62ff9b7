"""Sizes that decode steps are padded to; free of torch, because planning a job needs them too."""

from typing import NamedTuple


class ShapeBuckets(NamedTuple):
    """The few sizes to which batches and sequences are padded, because each needs a CUDA graph."""

    steps: int  # decode steps between two checks for finished rows; a check waits for a GPU
    rows: int  # the number of rows is padded to a multiple of this
    # The number of columns is padded to a multiple of this, at least; from 8 times this on, to a
    # multiple of 1/16 to 1/8 of the number.
    columns: int

    def padded_rows(self, rows: int) -> int:
        """Round up a number of rows."""
        return -(-rows // self.rows) * self.rows

    def padded_columns(self, columns: int) -> int:
        """Round up a number of columns, whatever the capacity of the cache is."""
        multiple = max(self.columns, 1 << max(columns.bit_length() - 4, 0))
        return -(-columns // multiple) * multiple


CPU_BUCKETS = ShapeBuckets(steps=1, rows=1, columns=32)  # a CPU has no queue that a check waits for
GPU_BUCKETS = ShapeBuckets(steps=4, rows=32, columns=64)
