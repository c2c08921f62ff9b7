"""Tests of the whole pass: entries in footers, preview, and retries after memory ran out."""

from pathlib import Path

import pyarrow.parquet as pq
from support.sample_data import job, pairs, write_shard

from pipelines.annotation.annotator import Annotator
from pipelines.config.job import Job
from pipelines.planning.begin import begin_output
from pipelines.planning.plan import plan
from pipelines.planning.resolved_job import ResolvedJob
from pipelines.storage.local import LocalStorage
from schemas.generation import Generation, Request
from schemas.tables import FOOTER_OOM_RETRIES, FOOTER_SALVAGED

STORAGE = LocalStorage()


def started_job(small_job: Job) -> tuple[Annotator, ResolvedJob]:
    planned = plan(small_job)
    begin_output(planned, STORAGE)
    return Annotator(planned.work, STORAGE, decode_threads=1), planned.work


def footer(path: Path) -> dict[bytes, bytes]:
    return dict(pq.read_metadata(path).metadata)


def test_a_footer_counts_retries_after_memory_ran_out(tmp_path: Path, checkpoint: Path) -> None:
    write_shard(tmp_path / "shards/a.tar", pairs(4))
    shards = {"shards": f"{tmp_path}/shards/*.tar", "max_samples_per_file": 2}
    small_job = job(tmp_path, checkpoint, input=shards)
    annotator, _ = started_job(small_job)
    engine = annotator._loaded.engine
    answer = engine.generate
    blocks: list[int] = []

    def short_of_memory_once(block: list[Request]) -> list[tuple[Generation, ...]]:
        blocks.append(len(block))
        engine.oom_retries += len(blocks) == 1
        return answer(block)

    engine.generate = short_of_memory_once  # type: ignore[method-assign,assignment]
    annotator.annotate(plan(small_job).units[0])
    assert blocks == [2, 2]
    assert footer(tmp_path / "output/a.00000.parquet")[FOOTER_OOM_RETRIES.encode()] == b"1"
    assert FOOTER_OOM_RETRIES.encode() not in footer(tmp_path / "output/a.00001-end.parquet")


def test_only_the_last_part_of_a_salvaged_shard_has_a_footer_entry(
    tmp_path: Path, checkpoint: Path
) -> None:
    path = write_shard(tmp_path / "shards/a.tar", pairs(5))
    path.write_bytes(path.read_bytes()[:-11_000])  # in the padding and the last sample
    shards = {"shards": str(path), "max_samples_per_file": 2, "on_bad_shard": "salvage"}
    annotator, work = started_job(job(tmp_path, checkpoint, input=shards))
    report = annotator.annotate(plan(work.job).units[0])
    assert report.status == "committed"
    assert report.error == "shard_truncated"
    *whole, last = (tmp_path / "output" / name for name in report.files)
    assert all(FOOTER_SALVAGED.encode() not in footer(part) for part in whole)
    assert footer(last)[FOOTER_SALVAGED.encode()].startswith(b"shard_truncated near byte ")
    assert last.name.endswith("-end.parquet")


def test_preview_shows_what_a_run_stores(tmp_path: Path, checkpoint: Path) -> None:
    write_shard(tmp_path / "shards/a.tar", pairs(5))
    small_job = job(tmp_path, checkpoint)
    annotator, _ = started_job(small_job)
    unit = plan(small_job).units[0]
    shown = list(annotator.preview(unit, 5))
    annotator.annotate(unit)
    stored = pq.read_table(tmp_path / "output/a.parquet").to_pylist()
    assert [row.answers["caption"].value for row in shown] == [row["caption"] for row in stored]
