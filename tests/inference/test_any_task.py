"""Tests `AnyTask`: tasks by kind from a job file, or instances from Python."""

import subprocess
import sys
from collections.abc import Mapping
from typing import Any, ClassVar, get_args

import pyarrow as pa
import pytest
from pydantic import BaseModel, ValidationError

from inference import ENGINES, AnyTask, Caption, Detect, Model
from inference.tasks.intents import Intent, RawPrompt
from inference.tasks.task import AnswerReader, Task
from schemas.generation import Generation
from schemas.sample import Sample

DEFAULTS = {"max_new_tokens": 64, "logprobs": False}


class Job(BaseModel):
    tasks: Mapping[str, AnyTask]


class Mood(Task):
    """A custom task."""

    column: ClassVar[pa.DataType] = pa.string()
    kind: str = "mood"
    scale: int = 3

    def intent(self, sample: Sample) -> Intent:
        return RawPrompt("mood")

    def parse(
        self, generation: Generation, sample: Sample, reader: AnswerReader
    ) -> tuple[object, bool]:
        return generation.text, True

    def texts(self, value: object) -> tuple[str, ...]:
        return (str(value),)

    def with_texts(self, value: object, texts: tuple[str, ...]) -> object:
        return texts[0]


def test_kinds_are_read_from_strict_json() -> None:
    text = '{"tasks": {"a": {"kind": "detect", "labels": ["cat"]}, "b": {"kind": "caption"}}}'
    assert Job.model_validate_json(text, strict=True).tasks == {
        "a": Detect(labels=("cat",)),
        "b": Caption(),
    }


def test_instances_are_accepted_and_dumped_with_all_fields() -> None:
    mood = Mood(scale=5)
    job = Job(tasks={"a": mood, "b": Caption(language="de")})
    assert job.tasks["a"] is mood
    written = job.model_dump(mode="json")["tasks"]
    assert written["a"] == {"kind": "mood", "scale": 5, **DEFAULTS}
    region = {"region_field": None, "region": "draw"}
    assert written["b"] == {"kind": "caption", "language": "de", **DEFAULTS, **region}


def test_json_schema_lists_every_kind() -> None:
    definitions = Job.model_json_schema()["$defs"]
    kinds = {definition["properties"]["kind"]["const"] for definition in definitions.values()}
    assert kinds == {
        *("caption", "alt_text", "describe", "ocr", "ocr_boxes", "vqa", "question", "prompt"),
        *("detect", "segment", "grounded"),
    }


@pytest.mark.parametrize(
    ("task", "message"),
    [
        ({"kind": "capton"}, "'capton'.*'caption', 'alt_text'"),
        ({}, "'kind'"),
        ({"kind": "ocr", "language": "en"}, "language"),
        ({"kind": "caption", "max_new_tokens": 0}, "max_new_tokens"),
    ],
)
def test_errors_name_the_wrong_value(task: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Job(tasks={"a": task})


def test_every_engine_kind_has_a_loader() -> None:
    assert set(get_args(Model.model_fields["engine"].annotation)) == set(ENGINES)


def test_importing_the_package_imports_neither_torch_nor_transformers() -> None:
    code = "import inference, sys; sys.exit(bool({'torch', 'transformers'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
