"""Tests jobs whose labels come from the samples: as a text, or as a list of the JSON."""

from pathlib import Path

import pyarrow.parquet as pq
import pytest
from pydantic import ValidationError
from support.sample_data import described, job, write_shard

from pipelines.operations.run import run

LABELS = [["a red car", "the left man"], "cat; dog", [], "", ["write to ann@example.org", "bus"]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_shard(tmp_path / "shards/a.tar", described({"labels": labels} for labels in LABELS))
    return tmp_path


def test_each_sample_is_asked_about_its_labels(folder: Path, checkpoint: Path) -> None:
    tasks = {"objects": {"kind": "detect", "labels_field": "labels", "max_new_tokens": 3}}
    carried = {"shards": f"{folder}/shards/*.tar", "text": None, "carry": ["json:labels.each"]}
    filters = [{"kind": "personal_data"}]
    run(job(folder, checkpoint, input=carried, tasks=tasks, filters=filters))
    rows = pq.read_table(folder / "output/a.parquet").to_pylist()
    assert [row["labels"] for row in rows] == [
        *(["a red car", "the left man"], ["cat; dog"], None, [""]),
        ["write to [EMAIL_ADDRESS]", "bus"],
    ]
    statuses = [row["objects_info"]["status"] for row in rows]
    assert [status == "skipped" for status in statuses] == [False, False, True, True, False]


def test_a_question_is_no_list(folder: Path, checkpoint: Path) -> None:
    carried = {"shards": f"{folder}/shards/*.tar", "text": None, "carry": ["json:labels.each"]}
    tasks = {"answer": {"kind": "vqa", "question_field": "labels"}}
    with pytest.raises(ValidationError, match=r"tasks\.answer: reads 'labels', which is a list"):
        job(folder, checkpoint, input=carried, tasks=tasks)
