"""PersonalDataModel redacts or drops, in long texts too."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from pydantic import ValidationError
from transformers import BertForTokenClassification

from filters import PersonalDataModel
from schemas.errors import JobError
from schemas.resources import Resources
from schemas.sample import Text
from schemas.verdict import Verdict

LABELS = {"per": "PERSON_NAME", "LOC": "LOCATION"}


@pytest.fixture
def judge(resources: Resources, token_model: Path) -> Callable[..., list[Verdict]]:
    def judge(*texts: str, **keys: Any) -> list[Verdict]:
        keys = {"model": str(token_model), "labels": LABELS, **keys}
        stage = PersonalDataModel.model_validate(keys)
        return stage.load(resources).judge([Text(text) for text in texts])

    return judge


@pytest.mark.parametrize(
    ("text", "after", "counts"),
    [
        (
            "Ada Lovelace in old Paris",
            "[PERSON_NAME] in old [LOCATION]",
            {"PERSON_NAME": 1, "LOCATION": 1},
        ),
        ("adas, ada", "[PERSON_NAME], [PERSON_NAME]", {"PERSON_NAME": 2}),
        (
            "a " * 150 + "ada lovelace" + " star" * 150,
            "a " * 150 + "[PERSON_NAME]" + " star" * 150,
            {"PERSON_NAME": 1},
        ),
        ("[PERSON_NAME] in paris", "[PERSON_NAME] in [LOCATION]", {"LOCATION": 1}),
    ],
)
def test_entities_become_placeholders(
    judge: Callable[..., list[Verdict]], text: str, after: str, counts: dict[str, int]
) -> None:
    (verdict,) = judge(text)
    assert (verdict.action, verdict.text, verdict.counts) == ("redact", after, counts)
    assert set(verdict.scores) == {"PERSON_NAME", "LOCATION"}
    (again,) = judge(verdict.text)
    assert again.action == "keep"


def test_an_entity_across_the_end_of_a_window_is_one_match(
    judge: Callable[..., list[Verdict]],
) -> None:
    for before in range(20, 40):
        (verdict,) = judge("a " * before + "ada lovelace" + " star" * 30)
        assert verdict.counts == {"PERSON_NAME": 1}


def test_kept_texts_have_scores(judge: Callable[..., list[Verdict]]) -> None:
    clean, empty = judge("a red star", "")
    assert (clean.action, empty.action) == ("keep", "keep")
    assert all(0 < score < 0.5 for score in clean.scores.values())
    assert empty.scores == {"PERSON_NAME": 0, "LOCATION": 0}


def test_entities_of_other_labels_stay(judge: Callable[..., list[Verdict]]) -> None:
    (verdict,) = judge("ada in paris", labels={"LOC": "LOCATION"})
    assert verdict.text == "ada in [LOCATION]"


def test_the_job_can_drop_the_text(judge: Callable[..., list[Verdict]]) -> None:
    verdict, clean = judge("ada", "a star", action="drop")
    assert (verdict.action, verdict.reason, verdict.text) == ("drop", "personal_data", "")
    assert clean.action == "keep"


def test_a_megabyte_is_judged(judge: Callable[..., list[Verdict]]) -> None:
    hostile = ["ada" * 100_000, "- " * 20_000, "ada " * 5_000, " " * 1_000_000]
    verdicts = judge(*hostile)
    assert [each.action for each in verdicts] == ["keep", "keep", "redact", "keep"]


def test_scores_that_are_not_finite_do_not_pass(
    resources: Resources, token_model: Path, tmp_path: Path
) -> None:
    shutil.copytree(token_model, tmp_path, dirs_exist_ok=True)
    model = BertForTokenClassification.from_pretrained(token_model)
    with torch.no_grad():
        model.classifier.bias[0] = torch.nan
    model.save_pretrained(tmp_path)
    stage = PersonalDataModel(model=str(tmp_path), labels=LABELS)
    (verdict,) = stage.load(resources).judge([Text("a star")])
    assert (verdict.action, verdict.reason) == ("indeterminate", "score_not_finite")


def test_a_label_that_is_not_there_is_refused(resources: Resources, token_model: Path) -> None:
    stage = PersonalDataModel(model=str(token_model), labels={"ORG": "ORGANISATION"})
    for attempt in (stage.check, stage.load):
        with pytest.raises(JobError, match=r"labels: the model has no label 'ORG': .*B-PER"):
            attempt(resources)


@pytest.mark.parametrize("labels", [{}, {"PER": "person"}, {"PER": ""}, {"PER": "A NAME"}])
def test_infotypes_are_names_of_placeholders(labels: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        PersonalDataModel(model="m", labels=labels)
