"""Reads keys and references from the files that a user names: Parquet, and JSON lines."""

import json
from collections.abc import Iterator
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.reading import parquet_ranges
from pipelines.storage.storage import Storage
from schemas.errors import JobError
from schemas.regular_file import NotRegularFile

PARQUET, LINES = ".parquet", ".jsonl"
_BATCH = 1024  # rows
_LONGEST_LINE = 1 << 24  # bytes


class TruthColumns(NamedTuple):
    """The columns of a file of references."""

    key: str
    truths: tuple[str, ...]  # the first one that a file has holds its references

    def truth_of(self, names: list[str], path: str) -> str:
        """Return the column of references of a file; raise JobError if it lacks one or the key.

        It also raises JobError if the file has one of them several times.
        """
        if self.key not in names:
            raise JobError(f"--truth: {path}: has no column {self.key!r}: rename that of the keys")
        for name in self.truths:
            if name in names:
                self._check_once([self.key, name], names, path)
                return name
        wanted = " or ".join(map(repr, self.truths))
        raise JobError(f"--truth: {path}: has no column {wanted}: name it with --truth-column")

    def _check_once(self, wanted: list[str], names: list[str], path: str) -> None:
        for name in wanted:
            if names.count(name) > 1:
                raise JobError(f"--truth: {path}: has several columns {name!r}: keep one of them")


def read_truths(
    path: str, columns: TruthColumns, storage: Storage
) -> Iterator[tuple[object, object]]:
    """Yield key and reference of each row as they lie in a file, of any type; null is None.

    Raises JobError if the file cannot be read, lacks the columns, or a line is no JSON object.
    """
    read = _read_parquet if path.lower().endswith(PARQUET) else _read_lines
    try:
        yield from read(path, columns, storage)
    except (NotRegularFile, FileNotFoundError, IsADirectoryError, PermissionError) as error:
        raise JobError(
            f"--truth: {path} cannot be read: {error.strerror}: check the path"
        ) from None


def _read_parquet(
    path: str, columns: TruthColumns, storage: Storage
) -> Iterator[tuple[object, object]]:
    try:
        with storage.open(path) as stream:
            file = pq.ParquetFile(stream)
            names = [columns.key, columns.truth_of(file.schema_arrow.names, path)]
            for batch in parquet_ranges.read_batches(file, stream, _BATCH, names):
                yield from zip(*(batch.column(name).to_pylist() for name in names), strict=True)
    except JobError:  # which is a ValueError
        raise
    except (pa.ArrowException, ValueError, OverflowError):
        raise JobError(f"--truth: {path}: is a damaged Parquet file: write it anew") from None


def _read_lines(
    path: str, columns: TruthColumns, storage: Storage
) -> Iterator[tuple[object, object]]:
    with storage.open(path) as stream:
        number = 0
        while line := stream.readline(_LONGEST_LINE + 1):
            number += 1
            if not line.strip():
                continue
            where = f"{path}, line {number}"
            if len(line) > _LONGEST_LINE:
                raise JobError(f"--truth: {where}: has more than {_LONGEST_LINE >> 20} MiB")
            row = _object(line, where)
            truth = columns.truth_of(list(row), where)
            yield row[columns.key], row[truth]


def _object(line: bytes, where: str) -> dict[str, object]:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        row = None
    if not isinstance(row, dict):
        raise JobError(f"--truth: {where}: is no JSON object: correct it")
    return row
