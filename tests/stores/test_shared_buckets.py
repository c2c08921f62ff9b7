"""Processes share an output in a bucket by claims, also if one of them is killed."""

from pathlib import Path

import pytest
from support import starters
from support.bucket_jobs import STORAGE, rows_written
from support.sample_data import job, pairs, write_shard

from pipelines.config.job import Job
from pipelines.operations.verify import verify
from pipelines.output.layout import Layout
from schemas.report import Summary

SHARDS = 24


def job_into(folder: Path, output: str) -> Job:
    filters = [{"kind": "text_quality", "min_words": 3}]
    given = {"filters": filters, "runner": {"claim_seconds": 6, "decode_threads": 1}}
    return job(folder, model=None, tasks={}, **given).model_copy(update={"output": output})


@pytest.mark.parametrize("killed", [False, True])
def test_processes_share_a_bucket(s3_bucket: str, tmp_path: Path, killed: bool) -> None:
    for number in range(SHARDS):
        write_shard(tmp_path / f"shards/{number:03}.tar", pairs(2 + number % 5, number))
    assert starters.run_unsynced(job_into(tmp_path, f"{tmp_path}/expected")).outcome == "complete"
    shared = job_into(tmp_path, f"{s3_bucket}/output")
    running = [starters.start(shared) for _ in range(4)]
    if killed:
        running[1].join(2)
        running[1].kill()
    for process in running:
        process.join()
    assert [process.exitcode for process in (running[0], *running[2:])] == [0, 0, 0]
    assert rows_written(shared.output) == rows_written(f"{tmp_path}/expected")
    assert verify(shared.output).problems == ()
    entries = STORAGE.list(Layout(shared.output).runs)
    summaries = [Summary.model_validate_json(STORAGE.read_bytes(each.path)) for each in entries]
    if not killed:
        assert sum(summary.units_here for summary in summaries) == SHARDS
