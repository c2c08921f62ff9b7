"""Shuffles the rows of a split within windows, in bounded memory."""

from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa

from pipelines.exports.chunk import Chunk, rows_that_fit

ROWS = 20_000  # of a window
BYTES = 256 << 20  # of the windows of all splits together


class Window:
    """Collects rows of a split, and gives them back in random order once they are many.

    A window ends at the same row wherever the rows are divided into chunks, and its order follows
    from the seed and from the place of its first row. So an export can go on within a window.
    """

    def __init__(self, seed: int, columns: Sequence[str], most_bytes: int) -> None:
        self._seed, self._columns, self._most_bytes = seed, columns, most_bytes
        self._waiting: list[Chunk] = []
        self._rows = self._bytes = 0

    def add(self, chunk: Chunk) -> Iterator[Chunk]:
        """Take rows; yield each window that they fill."""
        while len(chunk):
            sizes = chunk.sizes(self._columns)
            fitting = rows_that_fit(sizes, self._most_bytes - self._bytes)
            number = min(fitting, ROWS - self._rows)
            self._waiting.append(chunk.slice(0, number))
            self._rows += number
            self._bytes += int(sizes[:number].sum())
            chunk = chunk.slice(number, len(chunk))
            if self._rows == ROWS or self._bytes >= self._most_bytes:
                yield from self.close()

    def close(self) -> Iterator[Chunk]:
        """Yield the rows that were collected, in random order."""
        waiting, self._waiting, self._rows, self._bytes = self._waiting, [], 0, 0
        if not waiting:
            return
        first = waiting[0].cursor(0)
        batch = pa.Table.from_batches([each.batch for each in waiting]).combine_chunks()
        number = len(batch)
        order = np.random.default_rng([self._seed, *first]).permutation(number)
        images = None
        if waiting[0].images is not None:
            all_images = [each for chunk in waiting for each in chunk.images or ()]
            images = [all_images[each] for each in order.tolist()]
        yield Chunk(
            batch.take(pa.array(order)).to_batches()[0],
            first.unit,
            first.part,
            np.full(number, first.row),
            np.arange(number),
            images,
        )
