"""Reads the footers of committed Parquet files."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.output.layout import Layout
from pipelines.storage.concurrent_reads import read_concurrently
from pipelines.storage.storage import Storage
from schemas.errors import JobError
from schemas.regular_file import NotRegularFile
from schemas.report import Counts
from schemas.tables import (
    FOOTER_COUNTS,
    FOOTER_FINGERPRINT,
    FOOTER_SHARD_DIGEST,
    FOOTER_UNIT,
)


@dataclass(frozen=True, slots=True)
class Footer:
    """What the footer of a committed file says about the file."""

    fingerprint: str  # of the job that wrote it
    unit: str
    counts: Counts
    shard_digest: str | None  # of the shard's content; None in files of earlier versions


def read_footer(storage: Storage, path: str) -> Footer:
    """Read the footer of a file; raise JobError if the file is damaged."""
    try:
        with storage.open(path) as stream:
            metadata = pq.read_metadata(stream).metadata or {}
        texts = {key.decode(): value.decode() for key, value in metadata.items()}
        return Footer(
            texts[FOOTER_FINGERPRINT],
            texts[FOOTER_UNIT],
            Counts.model_validate_json(texts[FOOTER_COUNTS]),
            texts.get(FOOTER_SHARD_DIGEST),
        )
    except (pa.ArrowException, KeyError, ValueError, NotRegularFile):
        raise damaged_file(path) from None


def read_schema(storage: Storage, path: str) -> pa.Schema:
    """Read the schema of a file; raise JobError if the file is damaged."""
    try:
        with storage.open(path) as stream:
            return pq.read_schema(stream)
    except (pa.ArrowException, NotRegularFile):
        raise damaged_file(path) from None


def read_footers(storage: Storage, layout: Layout, files: Iterable[str]) -> Iterator[Footer]:
    """Read the footers of an output's files, in their order; raise JobError if one is damaged."""
    return read_concurrently(lambda file: read_footer(storage, layout.file(file)), files)


def damaged_file(path: str, problem: str = "is damaged") -> JobError:
    """Return the error about a committed file that cannot be read."""
    return JobError(f"{path}: {problem}: delete it and run the job again")
