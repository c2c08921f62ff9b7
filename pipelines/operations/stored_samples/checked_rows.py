"""Checks values of rows that libraries in C take unchecked, and words the error about a row."""

from collections.abc import Iterable, Iterator, Mapping

from pipelines.operations.stored_samples.row_images import StoredRow
from pipelines.output.footers import damaged_file
from pipelines.rows.run_lengths import WrongMask, read_mask
from schemas.errors import JobError
from schemas.tables import info_name


def checked_rows(rows: Iterable[StoredRow], path: str) -> Iterator[StoredRow]:
    """Yield the rows of a file, whose masks can be drawn; raise JobError for another mask."""
    for row in rows:
        for task in row:
            if info_name(task) in row:
                _check_masks(row, task, path)
        yield row


def wrong_row(path: str, row: StoredRow, problem: str) -> JobError:
    """Return the error about a row of a file that somebody changed."""
    place = f"sample {row.get('index')} of {row.get('shard')}"
    return damaged_file(path, f"{place} has {problem}, which shardmill never writes")


def _check_masks(row: StoredRow, task: str, path: str) -> None:
    value = row[task]
    for each in value if isinstance(value, list) else ():
        if isinstance(each, Mapping) and each.get("mask") is not None:
            try:
                read_mask(each["mask"])
            except WrongMask as wrong:
                raise wrong_row(path, row, f"in {task!r} {wrong}") from None
