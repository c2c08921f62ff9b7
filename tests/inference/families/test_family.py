"""A model family is one module and one line in the table: here, one of the tests' own."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import pyarrow.parquet as pq
import pytest
from support.brightness_family import BrightnessFamily, write_checkpoint
from support.sample_data import job, pairs, write_shard

from filters import TextFilter
from filters.base import Judge
from inference import Detect
from inference.families import FAMILIES
from pipelines.config.job import Job
from pipelines.operations.run import run
from schemas.errors import JobError
from schemas.resources import Resources
from schemas.sample import Text
from schemas.verdict import Verdict, keep

TEXTS: list[str] = []  # that the recorder has judged


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Job:
    """A job that asks the family's checkpoint for a caption and for boxes."""
    monkeypatch.setitem(FAMILIES, "brightness", BrightnessFamily())
    write_shard(tmp_path / "shards/a.tar", pairs(5))
    return job(
        tmp_path,
        write_checkpoint(tmp_path / "checkpoint"),
        model={
            "checkpoint": str(tmp_path / "checkpoint"),
            "engine": "reference",
            "precision": "float32",
            "device": "cpu",
        },
        tasks={
            "caption": {"kind": "caption"},
            "objects": {"kind": "detect", "labels": ["lamp"]},
        },
    )


def rows(made: Job) -> list[dict[str, Any]]:
    summary = run(made)
    assert summary.outcome == "complete"
    table: list[dict[str, Any]] = pq.read_table(f"{made.output}/a.parquet").to_pylist()
    return table


def test_a_family_of_ones_own_answers_in_the_whole_pass(made: Job) -> None:
    for row in rows(made):
        assert row["status"] == "kept"
        assert row["caption"].startswith("gray ")
        assert row["caption_info"]["finish_reason"] == "stop"
        (found,) = row["objects"]
        assert found == {
            "label": "lamp",
            "score": 0.5,
            "x_min": row["width"] / 2,
            "y_min": 0,
            "x_max": row["width"],
            "y_max": row["height"],
            "unasked": False,
        }


def test_images_are_prepared_as_the_family_says(made: Job) -> None:
    captions = {row["caption"] for row in rows(made)}
    assert len(captions) > 1  # the images differ, and so does what the family tells of them


class Recorder(TextFilter):
    """Keeps every text, and remembers it."""

    kind: str = "recorder"
    applies_to: Literal["source", "generated", "both"] = "generated"

    def load(self, resources: Resources) -> Judge[Text]:
        return self

    def judge(self, items: Sequence[Text]) -> list[Verdict]:
        TEXTS.extend(item.value for item in items)
        return [keep() for _ in items]


def test_filters_judge_raw_answers_without_the_familys_markup(made: Job) -> None:
    TEXTS.clear()
    tasks = {"objects": Detect(labels=("lamp?",))}
    judged = rows(made.model_copy(update={"filters": (Recorder(),), "tasks": tasks}))
    assert {row["objects_info"]["status"] for row in judged} == {"partial"}
    assert {row["objects_info"]["raw"] for row in judged} == {"@lamp?"}
    assert ["lamp?", "lamp?"] * len(judged) == TEXTS  # each label, and each raw answer


def test_the_fast_engine_needs_layers_of_the_family(made: Job) -> None:
    assert made.model is not None
    fast = made.model_copy(update={"model": made.model.model_copy(update={"engine": "fast"})})
    with pytest.raises(JobError, match=r"model\.engine: Brightness has no fast engine"):
        run(fast)
