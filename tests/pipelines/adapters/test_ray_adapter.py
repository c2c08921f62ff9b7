"""Tests that the steps for Ray Data give the same result for each sample as a whole job."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support import hostile_shards, yaml_job
from support.sample_data import (
    encoded,
    images_column,
    job,
    jpeg,
    pairs,
    parquet_bytes,
    picture,
    write_shard,
)

from pipelines.adapters.ray import Annotate, ApplyFilters, ReadShards, unit_rows
from pipelines.config.job import Job
from pipelines.operations.run import run

ROOT = Path(__file__).parents[3]
FILTERS = [
    {"kind": "image_size", "min_side": 20},
    {"kind": "text_quality", "min_words": 2, "applies_to": "both"},
]


def run_steps(small_job: Job) -> pa.Table:
    """Run the three steps one unit at a time."""
    read, judge, annotate = ReadShards(small_job), ApplyFilters(small_job), Annotate(small_job)
    units = [pa.Table.from_pylist([unit]) for unit in unit_rows(small_job)]
    tables = [annotate(judge(table)) for unit in units for table in read(unit)]
    return pa.concat_tables(tables)


def test_videos_without_times_stay_videos_between_the_steps(tmp_path: Path) -> None:
    shown = [picture(30, 20, number) for number in range(3)]
    gif = encoded(shown[0], "GIF", save_all=True, append_images=shown[1:])
    write_shard(tmp_path / "shards/a.tar", [("a.gif", gif)])
    reads = {"shards": f"{tmp_path}/shards/*", "text": None, "video": {}}
    given = job(tmp_path, input=reads, model=None, tasks={}, filters=[{"kind": "image_quality"}])
    (table,) = ReadShards(given)(pa.Table.from_pylist(unit_rows(given)))
    (row,) = ApplyFilters(given)(table).to_pylist()
    assert (row["status"], row["duration"], row["is_video"]) == ("kept", None, True)


def test_every_sample_has_the_same_row_as_in_a_whole_job(tmp_path: Path, checkpoint: Path) -> None:
    write_shard(tmp_path / "shards/a.tar", pairs(6))
    (tmp_path / "shards/hostile.tar").write_bytes(hostile_shards.tar()[0])
    (tmp_path / "shards/rows.parquet").write_bytes(hostile_shards.parquet()[0])
    cut = write_shard(tmp_path / "shards/cut.tar", pairs(5, 1))
    cut.write_bytes(cut.read_bytes()[:9000])
    reads = {"shards": f"{tmp_path}/shards/*", "carry": ["json:url"], "max_samples_per_file": 50}
    tasks = {"caption": {"kind": "caption", "max_new_tokens": 4, "logprobs": True}}
    small_job = job(tmp_path, checkpoint, filters=FILTERS, input=reads, tasks=tasks)
    table_rows = run_steps(small_job).to_pylist()
    run(small_job)
    rows = [
        row
        for file in (tmp_path / "output").glob("*.parquet")
        for row in pq.read_table(file).to_pylist()
    ]
    expected = {(row["shard"], row["index"]): row for row in rows}
    of_cut = [row for row in table_rows if row["shard"] == "cut.tar"]
    assert (of_cut[-1]["status"], of_cut[-1]["reason"]) == ("failed", "shard_truncated")
    others = {(row["shard"], row["index"]): row for row in table_rows if row["shard"] != "cut.tar"}
    assert others.keys() == expected.keys()
    for place, row in others.items():
        whole = expected[place]
        for column in ("status", "filter", "reason", "width", "height", "num_frames", "caption"):
            assert row[column] == whole[column], (place, column)
        logprobs = whole["caption_logprobs"]
        assert row["caption_logprobs"] == (logprobs and pytest.approx(logprobs, abs=1e-3))
        texts = {name: text["value"] for name, text in row["texts"] or ()}
        assert texts.get("source_text") == whole["source_text"]
        assert texts.get("url") == whole["url"]
        status = row["caption_info"] and row["caption_info"]["status"]
        assert status == (whole["caption_info"] and whole["caption_info"]["status"])
    assert {row["status"] for row in others.values()} >= {"kept", "dropped", "invalid"}


def test_carried_values_pass_in_their_types_and_redacted_ones_are_null(tmp_path: Path) -> None:
    columns = {
        "image": images_column([jpeg(8, 8), jpeg(8, 8, 1)]),
        "time": pa.array([1, 2**62 + 1], pa.timestamp("ns")),
        "number": [4111111111111111, 5],
        "tags": [["a", "write to jane.doe@example.com"], None],
    }
    (tmp_path / "a.parquet").write_bytes(parquet_bytes(columns))
    carry = {"time": "time", "number": "number", "tags": "tags:each"}
    reads = {"shards": f"{tmp_path}/a.parquet", "text": None, "carry": carry}
    filters = [{"kind": "personal_data"}]
    keys = {"name": "t", "input": reads, "filters": filters, "output": str(tmp_path / "out")}
    small_job = Job.parse(json.dumps(keys))
    unit = pa.Table.from_pylist(unit_rows(small_job))
    (table,) = ReadShards(small_job)(unit)
    values = pa.StructArray.from_arrays(
        [columns["time"], pa.array(columns["number"])], ["time", "number"]
    )
    assert table["values"].combine_chunks().equals(values)
    judged = ApplyFilters(small_job)(table)
    numbers = judged["values"].combine_chunks().field("number")
    assert numbers.to_pylist() == [None, 5]
    assert judged["values"].combine_chunks().field("time").equals(columns["time"])
    texts = dict(judged["texts"].to_pylist()[0])
    assert texts["tags.1"]["value"] == "write to [EMAIL_ADDRESS]"


@pytest.mark.faults  # it starts a pipeline of Ray Data in other processes, which takes 30 s
@pytest.mark.usefixtures("ray_session")
def test_the_example_works(tmp_path: Path, checkpoint: Path) -> None:
    pytest.importorskip("ray.data")
    import ray

    for unit in range(2):
        write_shard(tmp_path / f"shards/{unit}.tar", pairs(3, unit))
    job_file = yaml_job.write(tmp_path / "job.yaml", tmp_path / "shards", checkpoint)
    command = [sys.executable, "examples/ray_pipeline.py", str(job_file), str(tmp_path / "out")]
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "RAY_ADDRESS": ray.get_runtime_context().gcs_address,
    }
    subprocess.run(command, cwd=ROOT, env=environment, check=True)
    rows = pq.read_table(tmp_path / "out").to_pylist()
    places = sorted((row["shard"], row["index"]) for row in rows)
    assert places == [(f"{unit}.tar", index) for unit in range(2) for index in range(3)]
    assert all(row["caption"] is not None for row in rows)
