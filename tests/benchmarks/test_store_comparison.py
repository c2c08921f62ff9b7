"""The comparison of the pass over a shard in a bucket with that on disk."""

from pathlib import Path

import pyarrow.parquet as pq
import pytest
from support.small_s3 import run_small_s3

pytest.importorskip("webdataset", reason="pip install '.[dev]'")

from benchmarks.pipeline.pass_over_shards.alternation import run
from benchmarks.pipeline.pass_over_shards.from_store import FROM_DISK, FROM_STORE, RECEIVING
from benchmarks.pipeline.pass_over_shards.photographs import photographs, write_shard
from benchmarks.pipeline.pass_over_shards.store_comparison import ratios, split_cores

BUCKET = "small-s3-benchmark"  # of a server of this test alone; a process keeps its clients


def test_both_passes_alternate_and_write_the_same_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shard = write_shard(tmp_path / "3.tar", photographs(3, (64, 64)), 3)
    with run_small_s3() as server:
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)
        server.objects[BUCKET] = {"pass/3.tar": shard.read_bytes()}
        measured = run(str(shard), str(tmp_path), f"s3://{BUCKET}/pass/", turns=2)
        gets = server.requests["GET", f"/{BUCKET}/pass/3.tar"]
    assert {way: len(turns) for way, turns in measured.items()} == {
        FROM_DISK: 2,
        FROM_STORE: 2,
        RECEIVING: 2,
    }
    assert gets == 6  # three turns of the pass and of receiving, the first of which do not count
    disk, stored = (pq.read_table(tmp_path / name / "3.parquet") for name in ("disk", "store"))
    assert len(disk) == 3
    assert disk.equals(stored)


def test_ratios_are_of_cpu_time_with_and_without_receiving() -> None:
    lines = ratios(
        {
            FROM_DISK: [(2.0, 1.0), (2.0, 1.0), (2.2, 1.1)],
            FROM_STORE: [(2.5, 2.0), (2.5, 2.0), (2.5, 2.0)],
            RECEIVING: [(0.5, 0.1), (0.5, 0.1), (0.5, 0.1)],
        },
        samples=1000,
    )
    assert "on disk: 0.80 (0.80-0.88 in 3 turns)" in lines[0]
    assert "receiving costs: 1.00 (1.00-1.10 in 3 turns) (target 0.9)" in lines[1]
    assert "on disk: 0.50 (0.50-0.55 in 3 turns)" in lines[2]
    assert "2.000 ms on disk, 2.500 ms from the store, 0.500 ms to receive it" in lines[3]


def test_the_server_gets_the_cores_that_the_pass_leaves() -> None:
    assert split_cores(1, {0, 1, 2}) == ({0}, {1, 2})
    assert split_cores(0, {0, 1}) == ({0, 1}, {0, 1})
    assert split_cores(4, {0, 1}) == ({0, 1}, {0, 1})
