"""ToxicityModel and TextSafetyModel: labels by name, long texts, languages."""

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


def test_toxic_words_are_recognized(toxicity: Callable[..., list[Verdict]]) -> None:
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
        (verdict,) = toxicity(text)
        assert verdict.action == "drop"
    (verdict,) = toxicity(filling)
    assert verdict.action == "keep"


def test_a_megabyte_is_judged(toxicity: Callable[..., list[Verdict]]) -> None:
    (verdict,) = toxicity("dung" * 250_000)  # too long for the model to know as a word
    assert verdict.action == "keep"


@pytest.mark.parametrize("text", ["", " \n\t", "\u3000", "000012", "-- 3:45 --", "[~`@]"])
def test_texts_without_letters_are_kept_without_a_score(
    toxicity: Callable[..., list[Verdict]], text: str
) -> None:
    (verdict,) = toxicity(text)
    assert (verdict.action, verdict.scores) == ("keep", {})


def test_special_tokens_in_a_text_are_text(toxicity: Callable[..., list[Verdict]]) -> None:
    verdicts = toxicity("[PAD] [SEP] oaf [PAD]", "oaf")
    assert [each.action for each in verdicts] == ["drop", "drop"]


@pytest.mark.parametrize(
    ("language", "action"), [("en", "drop"), ("fr", "indeterminate"), ("", "drop")]
)
def test_languages(toxicity: Callable[..., list[Verdict]], language: str, action: str) -> None:
    (verdict,) = toxicity(Text("oaf", language), languages=["en", "de"])
    assert verdict.action == action
    assert verdict.reason == {"drop": "text_toxic"}.get(action, "language_unsupported")
    (verdict,) = toxicity(Text("oaf", language))
    assert verdict.action == "drop"


@pytest.mark.parametrize(
    ("text", "action"),
    [
        ("the oaf sees a red star over the old house in this town", "drop"),
        ("der alte Stern steht über dem kleinen Haus und die Katze schläft", "indeterminate"),
        ("oaf", "drop"),
    ],
)
def test_an_unknown_language_is_detected_if_certain(
    toxicity: Callable[..., list[Verdict]], text: str, action: str
) -> None:
    (verdict,) = toxicity(text, languages=["en"])
    assert verdict.action == action
    (verdict,) = toxicity(Text("oaf", "en-GB"), languages=["en"])
    assert verdict.action == "drop"


@pytest.mark.parametrize("text", ["a", "é", "\U0001f595", "\u661f"])
def test_other_texts_are_judged(toxicity: Callable[..., list[Verdict]], text: str) -> None:
    (verdict,) = toxicity(text)
    assert verdict.scores.keys() == {"toxicity", "insult"}


def test_verdicts_with_and_without_the_model_are_in_order(
    toxicity: Callable[..., list[Verdict]],
) -> None:
    texts = [Text("oaf"), Text(" "), Text("star", "fr"), Text("dung"), Text("star"), Text("oaf")]
    verdicts = toxicity(*texts, languages=["en"])
    actions = [each.action for each in verdicts]
    assert actions == ["drop", "keep", "indeterminate", "drop", "keep", "drop"]
    assert verdicts == [toxicity(text, languages=["en"])[0] for text in texts]


def test_labels_are_mapped_by_the_job(
    toxicity: Callable[..., list[Verdict]], text_model: Path, changed: Callable[..., Path]
) -> None:
    names = {"0": "LABEL_0", "1": "LABEL_1", "2": "LABEL_2"}
    model = changed(text_model, id2label=names, label2id=None)
    (verdict,) = toxicity("oaf", model=model, labels={"insult": "label_1"})
    assert verdict.scores.keys() == {"insult"}
    assert verdict.action == "drop"
    with pytest.raises(JobError, match=r"labels: none of the model's labels .*LABEL_0, LABEL_1"):
        toxicity("oaf", model=model)
    with pytest.raises(JobError, match=r"labels: the model has no label 'rude': take one of LABEL"):
        toxicity("oaf", model=model, labels={"insult": "rude"})


@pytest.mark.parametrize(
    ("labels", "attributes"),
    [  # labels of models on the hub
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
    scores = ToxicityModel(model="m").scores(ClassLabels(labels))
    assert scores.keys() == attributes
    assert len(set(scores.values())) == len(scores)


def test_thresholds_by_attribute(toxicity: Callable[..., list[Verdict]]) -> None:
    (verdict,) = toxicity("dung", drop_at={"insult": 0.5})
    assert verdict.action == "keep"
    (verdict,) = toxicity("dung", drop_at={"insult": 0.5}, quarantine_at={"toxicity": 0.5})
    assert (verdict.action, verdict.reason) == ("quarantine", "text_toxic")
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
