"""TextSafetyGoogle against a server that speaks Natural Language's protocol."""

from typing import Any

import pytest
from support.google_services import GoogleServices

from filters import TextSafetyGoogle
from filters.base import Judge
from filters.texts.text_safety_google import CATEGORIES
from schemas.errors import JobError, ServiceFault
from schemas.resources import Resources
from schemas.sample import Text
from schemas.verdict import Verdict


def load(services: GoogleServices, resources: Resources, **settings: Any) -> Judge[Text]:
    return TextSafetyGoogle(endpoint=services.endpoint, **settings).load(resources)


def judge(loaded: Judge[Text], *texts: str) -> list[Verdict]:
    return loaded.judge([Text(text) for text in texts])


def test_confidences_decide_and_topics_do_not(
    services: GoogleServices, resources: Resources
) -> None:
    loaded = load(services, resources, requests_per_minute=None)
    verdicts = judge(loaded, "a dog", "you idiot", "a dog", "000012", "")
    assert [(v.action, v.reason) for v in verdicts] == [
        ("keep", ""),
        ("drop", "text_unsafe"),
        ("keep", ""),
        ("keep", ""),
        ("keep", ""),
    ]
    assert verdicts[0].scores.keys() == CATEGORIES.keys()
    assert verdicts[1].scores["toxic"] == pytest.approx(0.93)
    assert verdicts[3].scores == {}
    assert sorted(services.texts()) == ["a dog", "you idiot"]  # each once
    assert {each.message.model_version.name for each in services.asked} == {"MODEL_VERSION_2"}
    for verdict in verdicts[:2]:
        assert TextSafetyGoogle().decide(verdict.scores) == verdict


def test_thresholds_by_name_and_quarantine(services: GoogleServices, resources: Resources) -> None:
    lenient = load(services, resources, drop_at={"toxic": 1.0})
    assert judge(lenient, "you idiot")[0].action == "quarantine"
    topical = load(services, resources, drop_at={"health": 0.9}, quarantine_at=None)
    assert judge(topical, "a dog")[0].action == "drop"
    with pytest.raises(JobError, match="drop_at: there is no score 'rude': take one of toxic"):
        TextSafetyGoogle(drop_at={"rude": 0.5}).check(resources)


def test_what_the_service_does_not_judge_is_indeterminate(
    services: GoogleServices, resources: Resources
) -> None:
    loaded = load(services, resources)
    unknown, unsupported, both, surrogate = judge(
        loaded, "nuqneH", "zdravo", "zdravo idiot", "\ud800"
    )
    assert (unknown.action, unknown.reason) == ("indeterminate", "service_refused")
    assert (unsupported.action, unsupported.reason) == ("indeterminate", "language_unsupported")
    assert unsupported.scores["toxic"] == pytest.approx(0.02)  # what was answered is kept
    assert both.action == "drop"
    assert (surrogate.action, surrogate.reason) == ("indeterminate", "text_not_unicode")


def test_a_missing_category_is_no_score_of_zero(
    services: GoogleServices, resources: Resources
) -> None:
    def alter(answer: Any) -> None:
        del answer.moderation_categories[3:]

    services.alter = alter
    missing, toxic = judge(load(services, resources), "a dog", "you idiot")
    assert (missing.action, missing.reason) == ("indeterminate", "service_score_missing")
    assert toxic.action == "drop"


def test_a_long_text_is_judged_to_its_end(services: GoogleServices, resources: Resources) -> None:
    (verdict,) = judge(load(services, resources), f"{'a dog ' * 9_000} you idiot")
    assert verdict.action == "drop"
    assert len(services.asked) == 3
    assert max(len(text.encode()) for text in services.texts()) <= 20_000


def test_one_failure_fails_the_unit_and_quotes_nothing(
    services: GoogleServices, resources: Resources
) -> None:
    loaded = load(services, resources, max_requests=5)
    with pytest.raises(ServiceFault, match=r"^service_max_requests$"):
        judge(loaded, *[f"dog {number} x" for number in range(9)])
    assert len(services.asked) == 5
    with pytest.raises(ServiceFault):
        judge(loaded, "one more dog")
    assert len(services.asked) == 5


def test_no_credentials_are_the_users(
    resources: Resources, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "none.json"))
    with pytest.raises(JobError, match=r"finds no credentials.*GOOGLE_APPLICATION_CREDENTIALS"):
        TextSafetyGoogle().load(resources)
