"""Reads the footers of committed Parquet files."""

from collections.abc import Iterable
from functools import reduce
from operator import add

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.storage.concurrent_reads import read_concurrently
from pipelines.storage.storage import Storage
from schemas.errors import JobError
from schemas.regular_file import NotRegularFile
from schemas.report import Counts
from schemas.tables import FOOTER_COUNTS


def read_counts(storage: Storage, path: str) -> Counts:
    """Read the counts in the footer of a file; raise JobError if the file is damaged."""
    try:
        with storage.open(path) as stream:
            metadata = pq.read_metadata(stream).metadata or {}
        return Counts.model_validate_json(metadata[FOOTER_COUNTS.encode()])
    except (pa.ArrowException, KeyError, ValueError, NotRegularFile):
        raise damaged_file(path) from None


def add_counts(storage: Storage, paths: Iterable[str]) -> Counts:
    """Add up the counts in the footers of all these files; raise JobError if one is damaged."""
    return reduce(add, read_concurrently(lambda path: read_counts(storage, path), paths), Counts())


def damaged_file(path: str, problem: str = "is damaged") -> JobError:
    """Return the error about a committed file that cannot be read."""
    return JobError(f"{path}: {problem}: delete it and run the job again")
