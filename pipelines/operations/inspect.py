"""`shardmill inspect`: picks rows of an output for a person to look at."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.operations.stored_samples.checked_rows import checked_rows
from pipelines.operations.stored_samples.recorded_job import recorded_input
from pipelines.operations.stored_samples.row_images import RowImage, StoredRow, find_row_images
from pipelines.operations.stored_samples.stored_rows import read_batches, read_rows, read_rows_at
from pipelines.output.output import open_output
from pipelines.output.recorded_storage import recorded_storage
from pipelines.storage.storage import Storage
from schemas.errors import JobError
from schemas.sample_status import SampleStatus

_BATCH = 1 << 16  # rows whose short columns are read at once


@dataclass(frozen=True, slots=True)
class RowChoice:
    """Which rows are meant; None leaves a property open."""

    status: SampleStatus | None = None
    shard: str | None = None  # a shard as rows name it, or the name of a unit
    filter: str | None = None  # that decided about the row
    reason: str | None = None  # a code, or as counts name it: `filter/code`, `invalid/code`
    key: str | None = None  # of a kept row: no other key is stored
    seed: int | None = None  # choose rows at random; None: the first rows

    def columns(self) -> dict[str, str]:
        """Return the value that each column must have."""
        by, _, reason = (self.reason or "").rpartition("/")
        by_status = by == "invalid"
        values = {
            "status": "invalid" if by_status else self.status,
            "filter": self.filter if by_status or not by else by,
            "reason": reason or None,
            "key": self.key,
        }
        return {name: value for name, value in values.items() if value is not None}

    def mask(self, batch: pa.RecordBatch) -> pa.Array:
        """Return which rows of a batch have these values."""
        mask = pa.repeat(pa.scalar(True), len(batch))
        for name, value in self.columns().items():
            mask = pc.and_(mask, pc.fill_null(pc.equal(batch[name], value), False))
        return mask


def select(
    output: str, samples: int, choice: RowChoice | None = None, storage: Storage | None = None
) -> list[RowImage]:
    """Read the first `samples` rows of an output that a choice means, with their images.

    With a seed, rows are chosen at random from the whole output, by the seed alone, and returned in
    its order. Raises JobError if the folder is no output, the shard is unknown, a file is damaged,
    or a row has a mask that cannot be drawn.
    """
    choice = choice or RowChoice()
    opened = open_output(output, storage)
    units = [unit for unit in opened.units if choice.shard in (None, unit.shard, unit.name)]
    if choice.shard is not None and not units:
        like = opened.units[0].shard
        raise JobError(
            f"--shard: there is no shard {choice.shard!r}: shards are named like {like!r}"
        )
    files = [opened.layout.file(file) for unit in units for file in opened.progress_of(unit).files]
    if choice.seed is None:
        rows = (
            row
            for file in files
            for row in checked_rows(read_rows(file, opened.storage, choice.mask), file)
        )
        chosen = list(islice(rows, samples))
    else:
        chosen = list(_random_rows(files, samples, choice, opened.storage))
    return find_row_images(chosen, opened.units, recorded_input(opened), recorded_storage(opened))


def _random_rows(
    files: Sequence[str], samples: int, choice: RowChoice, storage: Storage
) -> Iterator[StoredRow]:
    """Yield rows that a choice means, each with the same chance, in the order of the files.

    Every row draws a number, and the rows with the lowest numbers are chosen.
    """
    random = np.random.default_rng(choice.seed)
    lowest: list[tuple[float, int, int]] = []  # number, file, row of the file
    columns = ["status", *choice.columns()]
    for file, path in enumerate(files):
        start = 0
        for batch in read_batches(path, storage, list(dict.fromkeys(columns)), _BATCH):
            rows = np.flatnonzero(choice.mask(batch).to_numpy(zero_copy_only=False))
            numbers = random.random(len(rows))
            drawn = zip(numbers.tolist(), (start + rows).tolist(), strict=True)
            lowest = sorted([*lowest, *((n, file, row) for n, row in drawn)])[:samples]
            start += len(batch)
    by_file: dict[int, list[int]] = defaultdict(list)
    for _, file, row in lowest:
        by_file[file].append(row)
    for file, numbers_of_rows in sorted(by_file.items()):
        found = read_rows_at(files[file], storage, sorted(numbers_of_rows))
        yield from checked_rows(found, files[file])
