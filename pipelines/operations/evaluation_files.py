"""Stores an evaluation beside the rows of its output, and the scores of each sample."""

import json
from collections.abc import Iterable, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.evaluation.results import Evaluation
from pipelines.evaluation.sample_table import JudgedSample
from pipelines.evaluation.score_samples import MetricScores
from pipelines.output.output import Output

_ROWS = 10_000  # of a row group


def store_evaluation(output: Output, name: str, result: Evaluation) -> str:
    """Write the evaluation as JSON, replacing an earlier one of this name; return the path."""
    path = output.layout.evaluation(name)
    content = json.dumps(result.model_dump(mode="json"), indent=1, sort_keys=True)
    output.storage.write_bytes(path, content.encode() + b"\n")
    return path


def store_scores(
    output: Output,
    name: str,
    samples: Iterable[JudgedSample],
    scores: Mapping[str, MetricScores],
    folder: Path,
) -> str:
    """Write shard, index, key and the scores of each sample as Parquet; return the path.

    `folder` holds the file until it is whole. The scores are in the order of `samples`.
    """
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
    path = output.layout.evaluation_scores(name)
    with file.open("rb") as content:
        output.storage.write(path, content)
    return path
