"""Runs the pass as a worker does, from tar to committed file, with a model that answers at once.

python -m benchmarks.pipeline.pass_over_shards.shardmill_pass SHARD OUTPUT MODE [--stages]

MODE is the value of `input.decode`, `exact` or `reduced`. With `--stages`, prints how long each
stage was busy.
"""

import os
import sys
from pathlib import Path
from typing import Any
from unittest.mock import patch

from benchmarks.pipeline.pass_over_shards.instant_engine import InstantEngine
from benchmarks.pipeline.pass_over_shards.work import (
    MAX_ASPECT,
    MAX_WORDS,
    MIN_SIDE,
    MIN_WORDS,
    SIDE,
)
from inference import ResolvedCheckpoint
from pipelines.annotation.annotator import Annotator
from pipelines.config.job import Job
from pipelines.planning.resolved_job import Resolved, ResolvedJob
from pipelines.storage.resolve import STORAGE
from schemas.sample import Unit


def job(shards: str, output: str, decode: str, **keys: Any) -> Job:
    """Return a job of size and word filters, a carried column and one task; `keys` override it."""
    return Job.model_validate(
        {
            "name": "pass",
            "input": {"shards": shards, "carry": ["json:url"], "decode": decode},
            "filters": [
                {"kind": "image_size", "min_side": MIN_SIDE, "max_aspect": MAX_ASPECT},
                {"kind": "text_quality", "min_words": MIN_WORDS, "max_words": MAX_WORDS},
            ],
            "model": {"checkpoint": "none"},
            "tasks": {"caption": {"kind": "caption"}},
            "output": output,
            **keys,
        }
    )


def resolved(job: Job, resolution: int = SIDE) -> ResolvedJob:
    """Resolve a job that has no checkpoint to look at."""
    return ResolvedJob(
        job=job,
        resolved=Resolved(
            checkpoint=ResolvedCheckpoint(
                source="none", local=True, version="none", resolution=resolution, generation=2
            ),
            device="cpu",
            threads=1,
            files={},
            models={},
            images_judged=False,
            rules={},
            packages={},
        ),
    )


def run(shard: str, output: str, decode: str, *options: str) -> None:
    """Annotate the shard."""
    with patch("pipelines.annotation.loaded_job.load_engine", lambda *_: InstantEngine()):
        cores = len(os.sched_getaffinity(0))
        annotator = Annotator(resolved(job(shard, output, decode)), STORAGE, cores)
    path, entry = Path(shard), STORAGE.entry(shard)
    assert entry is not None, shard
    report = annotator.annotate(Unit(path.stem, shard, path.name, entry.size, entry.version))
    assert report.counts.kept == report.counts.read > 0, report
    if options:
        for name, stage in report.stages.items():
            print(f"{name:12} {1000 * stage.seconds / report.counts.read:7.3f} ms an image")


if __name__ == "__main__":
    run(*sys.argv[1:])
