"""Tests that the Beam steps give the same result for each sample as a whole job."""

import json
import pickle
import runpy
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import apache_beam as beam
import pyarrow.parquet as pq
import pytest
from apache_beam.ml.inference.base import RunInference
from support import hostile_shards, yaml_job
from support.sample_data import job, pairs, write_shard

from pipelines.adapters.beam import ApplyFilters, JobModelHandler, ReadShards
from pipelines.adapters.steps import Answered, Fault, Rejected
from pipelines.config.job import Job
from pipelines.operations.run import run
from schemas.errors import JobError
from schemas.sample import Sample

ROOT = Path(__file__).parents[3]
FILTERS = [
    {"kind": "image_quality"},
    {"kind": "text_quality", "min_words": 3, "applies_to": "source"},
    {"kind": "text_safety_rules"},
]


def collected(
    folder: Path, build: Callable[[beam.Pipeline], dict[str, Any]]
) -> dict[str, list[Any]]:
    """Return the outputs of a pipeline by name."""
    with beam.Pipeline() as pipeline:
        for name, values in build(pipeline).items():
            lines = values | f"Pickle {name}" >> beam.Map(lambda value: pickle.dumps(value).hex())
            place = str(folder / name)
            _ = lines | f"Write {name}" >> beam.io.WriteToText(place, shard_name_template="")
    return {
        path.name: [pickle.loads(bytes.fromhex(line)) for line in path.read_text().split()]  # noqa: S301
        for path in folder.iterdir()
    }


@pytest.fixture
def small_job(tmp_path: Path, checkpoint: Path) -> Job:
    write_shard(tmp_path / "shards/a.tar", pairs(6))
    (tmp_path / "shards/hostile.tar").write_bytes(hostile_shards.tar()[0])
    cut = write_shard(tmp_path / "shards/cut.tar", pairs(5, 1))
    cut.write_bytes(cut.read_bytes()[:9000])
    reads = {"shards": f"{tmp_path}/shards/*.tar", "carry": ["json:url"]}
    return job(tmp_path, checkpoint, filters=FILTERS, input=reads)


def test_every_sample_has_the_same_result_as_in_a_whole_job(small_job: Job, tmp_path: Path) -> None:
    def build(pipeline: beam.Pipeline) -> dict[str, Any]:
        read = pipeline | ReadShards(small_job)
        judged = read.kept | ApplyFilters(small_job)
        statuses = {status: judged[status] for status in ("dropped", "quarantined")}
        unread = {"unread": read.invalid, "undecoded": judged.invalid, "faults": read.faults}
        return {
            **statuses,
            **unread,
            "answered": judged.kept | RunInference(JobModelHandler(small_job)),
        }

    (tmp_path / "collected").mkdir()
    outputs = collected(tmp_path / "collected", build)
    (fault,) = outputs.pop("faults")
    assert (fault.shard, fault.reason) == ("cut.tar", "shard_truncated")
    assert isinstance(fault, Fault)
    run(small_job)
    rows = [
        row
        for unit in ("a", "hostile")
        for row in pq.read_table(tmp_path / f"output/{unit}.parquet").to_pylist()
    ]
    expected = {(row["shard"], row["index"]): row for row in rows}
    everything = [value for values in outputs.values() for value in values]
    identities = set()
    for value in everything:
        sample = value.sample if isinstance(value, Answered) else value
        if sample.shard == "cut.tar":
            continue
        row = expected[sample.shard, sample.index]
        identities.add((sample.shard, sample.index))
        if isinstance(value, Answered):
            assert row["status"] == "kept"
            assert value.answers["caption"].value == row["caption"]
            assert sample.texts["source_text"].value == row["source_text"]
            assert (sample.width, sample.height) == (row["width"], row["height"])
        else:
            assert isinstance(value, Rejected)
            assert (value.status, value.reason) == (row["status"], row["reason"])
            assert (value.filter or None) == row["filter"]
    assert identities == set(expected)
    assert outputs["answered"]
    assert outputs["dropped"]


def test_generated_texts_are_judged(tmp_path: Path, checkpoint: Path) -> None:
    write_shard(tmp_path / "shards/a.tar", pairs(2))
    wordy = {"kind": "text_quality", "min_words": 50, "applies_to": "generated"}
    small_job = job(tmp_path, checkpoint, filters=[wordy])
    handler = JobModelHandler(small_job)
    model = pickle.loads(pickle.dumps(handler)).load_model()  # noqa: S301
    shard = tmp_path / "shards/a.tar"
    (image, *_) = (content for name, content in pairs(1) if name.endswith("jpg"))
    samples = [Sample(shard.name, 0, {}, image, 24, 24), Sample(shard.name, 1, {}, b"no", 0, 0)]
    kept, rejected = handler.run_inference(samples, model)
    assert kept.answers["caption"].status == "dropped"
    assert kept.answers["caption"].value is None
    assert (rejected.status, rejected.reason) == ("invalid", "image_undecodable")


def test_batch_size_comes_from_the_job_or_the_caller(tmp_path: Path, checkpoint: Path) -> None:
    small_job = job(tmp_path, checkpoint)
    assert JobModelHandler(small_job).batch_elements_kwargs() == {
        "min_batch_size": 1,
        "max_batch_size": 4,
    }
    handler = JobModelHandler(small_job, batch_size=7, large_model=True)
    assert handler.batch_elements_kwargs()["max_batch_size"] == 7
    assert handler.share_model_across_processes()
    assert not JobModelHandler(small_job).share_model_across_processes()


def test_a_job_without_a_model_cannot_load_one(tmp_path: Path) -> None:
    small_job = job(tmp_path, model=None, tasks={}, filters=FILTERS)
    with pytest.raises(JobError, match="model: is missing"):
        JobModelHandler(small_job).load_model()


def test_the_example_works(
    tmp_path: Path, checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_shard(tmp_path / "shards/a.tar", pairs(3))
    job_file = yaml_job.write(tmp_path / "job.yaml", tmp_path / "shards", checkpoint)
    monkeypatch.setattr(sys, "argv", ["example", str(job_file), str(tmp_path / "out")])
    runpy.run_path(str(ROOT / "examples/beam_pipeline.py"), run_name="__main__")
    (answers,) = (tmp_path / "out").glob("answers*")
    lines = [json.loads(line) for line in answers.read_text().splitlines()]
    assert sorted(line["index"] for line in lines) == [0, 1, 2]
    assert all({"caption", "objects"} <= line.keys() for line in lines)
