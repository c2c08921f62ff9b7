"""Toxicity and text safety by a classifier: labels by name, long texts, languages."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from filters import TextSafetyModel, ToxicityModel
from filters.classifiers.class_labels import ClassLabels
from schemas.errors import JobError
from schemas.resources import Resources
from schemas.sample import Text
from schemas.verdict import Verdict


@pytest.fixture
def toxicity(resources: Resources, text_model: Path) -> Callable[..., list[Verdict]]:
    def judge(*texts: str | Text, model: Path = text_model, **keys: Any) -> list[Verdict]:
        stage = ToxicityModel.model_validate({"model": str(model), **keys})
        items = [text if isinstance(text, Text) else Text(text) for text in texts]
        return stage.load(resources).judge(items)

    return judge


def test_words_are_told(toxicity: Callable[..., list[Verdict]]) -> None:
    clean, both, one = toxicity("a red star", "the oaf sees a star", "dung")
    assert (clean.action, both.action, one.action) == ("keep", "drop", "drop")
    assert both.reason == "text_toxic"
    assert both.scores.keys() == clean.scores.keys() == {"toxicity", "insult"}
    assert one.scores["toxicity"] > 0.8 > one.scores["insult"]


def test_a_toxic_tail_far_past_the_longest_input_counts(
    toxicity: Callable[..., list[Verdict]],
) -> None:
    filling = "a red star " * 200
    for text in (filling + "dung", "dung " + filling, filling + "dung " + filling):
        (found,) = toxicity(text)
        assert found.action == "drop"
    (found,) = toxicity(filling)
    assert found.action == "keep"


def test_a_megabyte_is_judged(toxicity: Callable[..., list[Verdict]]) -> None:
    (found,) = toxicity("dung" * 250_000)  # a word that long is none the model knows
    assert found.action == "keep"


@pytest.mark.parametrize("text", ["", " \n\t", "\u3000", "000012", "-- 3:45 --", "[~`@]"])
def test_what_says_nothing_is_kept_without_a_score(
    toxicity: Callable[..., list[Verdict]], text: str
) -> None:
    (found,) = toxicity(text)
    assert (found.action, found.scores) == ("keep", {})


def test_special_tokens_in_a_text_are_text(toxicity: Callable[..., list[Verdict]]) -> None:
    found = toxicity("[PAD] [SEP] oaf [PAD]", "oaf")
    assert [each.action for each in found] == ["drop", "drop"]


@pytest.mark.parametrize(
    ("language", "action"), [("en", "drop"), ("fr", "indeterminate"), ("", "drop")]
)
def test_languages(toxicity: Callable[..., list[Verdict]], language: str, action: str) -> None:
    (found,) = toxicity(Text("oaf", language), languages=["en", "de"])
    assert found.action == action
    assert found.reason == {"drop": "text_toxic"}.get(action, "language_unsupported")
    (found,) = toxicity(Text("oaf", language))
    assert found.action == "drop"


@pytest.mark.parametrize(
    ("text", "action"),
    [
        ("the oaf sees a red star over the old house in this town", "drop"),
        ("der alte Stern steht über dem kleinen Haus und die Katze schläft", "indeterminate"),
        ("oaf", "drop"),
    ],
)
def test_a_language_that_is_not_told_is_detected_where_it_is_sure(
    toxicity: Callable[..., list[Verdict]], text: str, action: str
) -> None:
    (found,) = toxicity(text, languages=["en"])
    assert found.action == action
    (told,) = toxicity(Text("oaf", "en-GB"), languages=["en"])
    assert told.action == "drop"


@pytest.mark.parametrize("text", ["a", "é", "\U0001f595", "\u661f"])
def test_all_else_is_read(toxicity: Callable[..., list[Verdict]], text: str) -> None:
    (found,) = toxicity(text)
    assert found.scores.keys() == {"toxicity", "insult"}


def test_verdicts_stand_in_order_among_those_without_the_model(
    toxicity: Callable[..., list[Verdict]],
) -> None:
    texts = [Text("oaf"), Text(" "), Text("star", "fr"), Text("dung"), Text("star"), Text("oaf")]
    found = toxicity(*texts, languages=["en"])
    actions = [each.action for each in found]
    assert actions == ["drop", "keep", "indeterminate", "drop", "keep", "drop"]
    assert found == [toxicity(text, languages=["en"])[0] for text in texts]


def test_labels_are_mapped_by_the_job(
    toxicity: Callable[..., list[Verdict]], text_model: Path, changed: Callable[..., Path]
) -> None:
    names = {"0": "LABEL_0", "1": "LABEL_1", "2": "LABEL_2"}
    model = changed(text_model, id2label=names, label2id=None)
    (found,) = toxicity("oaf", model=model, labels={"insult": "label_1"})
    assert found.scores.keys() == {"insult"}
    assert found.action == "drop"
    with pytest.raises(JobError, match=r"labels: none of the model's labels .*LABEL_0, LABEL_1"):
        toxicity("oaf", model=model)
    with pytest.raises(JobError, match=r"labels: the model has no label 'rude': take one of LABEL"):
        toxicity("oaf", model=model, labels={"insult": "rude"})


@pytest.mark.parametrize(
    ("labels", "attributes"),
    [  # of models on the hub
        (
            ("toxic", "severe_toxic", "obscene", "threat", "insult", "identity_hate"),
            {"toxicity", "severe_toxicity", "profanity", "threat", "insult", "identity_attack"},
        ),
        (
            (
                *("toxicity", "severe_toxicity", "obscene", "identity_attack", "insult", "threat"),
                *("sexual_explicit", "male", "female", "homosexual_gay_or_lesbian", "muslim"),
            ),
            {"toxicity", "severe_toxicity", "profanity", "identity_attack", "insult", "threat"}
            | {"sexually_explicit"},
        ),
        (("neutral", "toxic"), {"toxicity"}),
    ],
)
def test_usual_names_are_known_and_groups_of_people_are_no_attribute(
    labels: tuple[str, ...], attributes: set[str]
) -> None:
    found = ToxicityModel(model="m").scores(ClassLabels(labels))
    assert found.keys() == attributes
    assert len(set(found.values())) == len(found)


def test_thresholds_by_attribute(toxicity: Callable[..., list[Verdict]]) -> None:
    (found,) = toxicity("dung", drop_at={"insult": 0.5})
    assert found.action == "keep"
    (found,) = toxicity("dung", drop_at={"insult": 0.5}, quarantine_at={"toxicity": 0.5})
    assert (found.action, found.reason) == ("quarantine", "text_toxic")
    with pytest.raises(JobError, match=r"drop_at: there is no score 'threat': take one of tox"):
        toxicity("dung", drop_at={"threat": 0.5})


def test_a_base_model_is_no_classifier(resources: Resources, checkpoint: Path) -> None:
    with pytest.raises(JobError, match=r"model: .* has no config.json that names the labels"):
        ToxicityModel(model=str(checkpoint)).check(resources)


def test_text_safety_takes_its_scores_from_the_job(resources: Resources, text_model: Path) -> None:
    stage = TextSafetyModel(model=str(text_model), labels={"rude": "Insult"})
    stage.check(resources)
    clean, rude = stage.load(resources).judge([Text("dung"), Text("oaf")])
    assert (clean.action, rude.action, rude.reason) == ("keep", "drop", "text_unsafe")
    assert rude.scores.keys() == {"rude"}
    with pytest.raises(JobError, match=r"labels: the model has no label 'S'"):
        TextSafetyModel(model=str(text_model), labels={"sexual": "S"}).check(resources)


@pytest.mark.parametrize("labels", [{}, None, {"other": "a"}])
def test_labels_must_be_mapped(labels: Any) -> None:
    kind = ToxicityModel if labels else TextSafetyModel
    with pytest.raises(ValidationError):
        kind.model_validate({"model": "m", "labels": labels})
