"""AnyFilter accepts a listed filter by its kind, and an instance from Python."""

from collections.abc import Sequence
from typing import ClassVar, Literal

import pytest
from pydantic import BaseModel, ValidationError

from filters import AnyFilter, ImageSize, TextFilter, TextQuality
from filters.base import Judge
from schemas.resources import Resources
from schemas.sample import Text
from schemas.verdict import Verdict, keep


class Job(BaseModel):
    filters: tuple[AnyFilter, ...]


class Permissive(TextFilter):
    """A user-defined filter."""

    fields: ClassVar[Literal["prose", "all"]] = "prose"
    kind: str = "permissive"
    patience: int = 3

    def load(self, resources: Resources) -> Judge[Text]:
        return self

    def judge(self, items: Sequence[Text]) -> list[Verdict]:
        return [keep() for _ in items]


def test_kinds_are_read_from_strict_json() -> None:
    text = '{"filters": [{"kind": "text_quality", "min_words": 4}, {"kind": "image_size"}]}'
    read = Job.model_validate_json(text, strict=True)
    assert read.filters == (TextQuality(min_words=4), ImageSize())


def test_instances_pass_and_are_written_with_all_their_fields() -> None:
    own = Permissive(patience=5)
    job = Job(filters=(own, ImageSize()))
    assert job.filters[0] is own
    written = job.model_dump(mode="json")["filters"]
    assert written[0].items() >= {"kind": "permissive", "patience": 5}.items()
    assert written[1] == ImageSize().model_dump()


def test_json_schema_lists_every_kind() -> None:
    definitions = Job.model_json_schema()["$defs"]
    kinds = {each["properties"]["kind"]["const"] for each in definitions.values()}
    assert kinds == {
        "aesthetic_model",
        "datacomp_basic",
        "domains",
        "duplicates",
        "hash_list",
        "image_format",
        "image_quality",
        "image_safety_google",
        "image_size",
        "image_text_similarity_model",
        "language",
        "number",
        "open_nsfw",
        "opt_out",
        "perceptual_hash_list",
        "personal_data",
        "personal_data_dlp",
        "personal_data_model",
        "personal_data_presidio",
        "porn_image_model",
        "text_in_image",
        "text_quality",
        "text_safety_google",
        "text_safety_model",
        "text_safety_rules",
        "toxicity_model",
        "toxicity_perspective",
        "toxicity_rules",
        "words",
    }


@pytest.mark.parametrize(
    ("stage", "message"),
    [
        ({"kind": "image_sise"}, "'image_sise'.*'image_size'"),
        ({}, "'kind'"),
        ({"kind": "image_size", "min_words": 2}, "min_words"),
    ],
)
def test_faults_are_named(stage: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Job.model_validate({"filters": [stage]})
