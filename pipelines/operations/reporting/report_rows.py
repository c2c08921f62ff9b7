"""Reads the rows of an output by column for a report, and draws samples from the kept ones."""

from collections.abc import Callable, Collection, Iterator
from typing import NamedTuple

import numpy as np
import pyarrow.compute as pc

from pipelines.operations.stored_samples.checked_rows import checked_rows
from pipelines.operations.stored_samples.row_images import StoredRow
from pipelines.operations.stored_samples.stored_rows import read_batches, read_rows_at
from pipelines.output.output import Output
from pipelines.report.row_tally import RowTally, TallySource
from pipelines.storage.concurrent_reads import read_concurrently

_BATCH = 1 << 16  # rows read at once


class DrawnRow(NamedTuple):
    """A row that was drawn: rows with the lowest numbers are."""

    number: float
    file: int
    row: int  # of the file


class _File(NamedTuple):
    tally: RowTally
    drawn: list[DrawnRow]


class ReportRows(NamedTuple):
    """The sums over all rows, and the drawn rows in the order of the output."""

    tally: RowTally
    drawn: list[StoredRow]


def read_report_rows(
    output: Output,
    source: TallySource,
    *,
    samples: int,
    seed: int,
    strangers: Collection[str],
    on_file: Callable[[], None] = lambda: None,
) -> ReportRows:
    """Read the rows of all committed files but those of other jobs, which `strangers` names.

    Each kept row has the same chance to be drawn, by the seed and its place alone. Raises JobError
    if a file is damaged, or if a drawn row has a mask that cannot be drawn.
    """

    def read(numbered: tuple[int, str]) -> _File:
        return _read_file(output, source, numbered, samples, seed)

    total, drawn = RowTally(source), list[DrawnRow]()
    for each in read_concurrently(read, enumerate(_files(output, strangers))):
        total.merge(each.tally)
        drawn = sorted([*drawn, *each.drawn])[:samples]
        on_file()
    return ReportRows(total, list(_rows(output, strangers, drawn)))


def _files(output: Output, strangers: Collection[str]) -> Iterator[str]:
    for _, progress in output.listing.committed():
        yield from (output.layout.file(file) for file in progress.files if file not in strangers)


def _read_file(
    output: Output, source: TallySource, numbered: tuple[int, str], samples: int, seed: int
) -> _File:
    number, path = numbered
    tally, drawn, start = RowTally(source), list[DrawnRow](), 0
    random = np.random.default_rng([seed, number])
    for batch in read_batches(path, output.storage, source.columns(), _BATCH):
        tally.add(batch)
        is_kept = pc.equal(batch["status"], "kept").to_numpy(zero_copy_only=False)
        rows = np.flatnonzero(is_kept)
        numbers = random.random(len(rows))
        lowest = np.argsort(numbers)[:samples]
        found = zip(numbers[lowest].tolist(), (start + rows[lowest]).tolist(), strict=True)
        drawn = sorted([*drawn, *(DrawnRow(each, number, row) for each, row in found)])[:samples]
        start += len(batch)
    return _File(tally, drawn)


def _rows(output: Output, strangers: Collection[str], drawn: list[DrawnRow]) -> Iterator[StoredRow]:
    rows: dict[int, list[int]] = {}
    for each in drawn:
        rows.setdefault(each.file, []).append(each.row)
    for number, path in enumerate(_files(output, strangers)):
        if number in rows:
            yield from checked_rows(read_rows_at(path, output.storage, sorted(rows[number])), path)
