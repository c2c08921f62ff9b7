"""Stores an evaluation beside the rows of its output, and the scores of each sample."""

import json
import re
from collections.abc import Iterable, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.evaluation.sample_table import JudgedSample
from pipelines.evaluation.score_samples import MetricScores
from pipelines.output.output import Output
from schemas.errors import JobError
from schemas.frozen import Frozen

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")
_ROWS = 10_000  # of a row group


def check_name(name: str) -> str:
    """Return the name of an evaluation; raise JobError if it cannot be that of a file."""
    if not _NAME.fullmatch(name):
        raise JobError(f"--name: {name!r}: use at most 100 letters, digits, - and _")
    return name


def store_evaluation(output: Output, name: str, result: Frozen) -> str:
    """Write the evaluation as JSON, replacing an earlier one of this name; return the path.

    The scores of the earlier one are deleted first: a process that is killed at any moment leaves
    no scores beside an evaluation that is not theirs.
    """
    output.storage.delete(output.layout.evaluation_scores(name))
    path = output.layout.evaluation(name)
    output.storage.write_bytes(path, as_stored(result))
    return path


def as_stored(result: Frozen) -> bytes:
    """Return an evaluation as its file holds it: JSON with sorted keys."""
    content = json.dumps(result.model_dump(mode="json"), indent=1, sort_keys=True)
    return content.encode() + b"\n"


def store_scores(
    output: Output,
    name: str,
    samples: Iterable[JudgedSample],
    scores: Mapping[str, MetricScores],
    folder: Path,
) -> str | None:
    """Write shard, index, key and the scores of each sample as Parquet; return the path.

    Their evaluation must be stored already. `folder` holds the file until it is whole. The scores
    are in the order of `samples`. Without scores, nothing is written.
    """
    path = output.layout.evaluation_scores(name)
    if not scores:
        return None
    columns = [("shard", pa.string()), ("index", pa.int64()), ("key", pa.string())]
    schema = pa.schema([*columns, *((metric, pa.float64()) for metric in scores)])
    file, start = folder / "scores", 0
    with pq.ParquetWriter(file, schema) as writer:
        rest = iter(samples)
        while rows := list(islice(rest, _ROWS)):
            end = start + len(rows)
            places: list[Any] = [[getattr(each, name) for each in rows] for name, _ in columns]
            arrays = [*places, *(each.scores[start:end] for each in scores.values())]
            writer.write_batch(pa.record_batch(arrays, schema=schema))
            start = end
    with file.open("rb") as content:
        output.storage.write(path, content)
    return path
