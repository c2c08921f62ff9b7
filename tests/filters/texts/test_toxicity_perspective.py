"""ToxicityPerspective against a server that speaks the Perspective API's protocol."""

import pickle
from typing import Any

import pytest
from support.google_services import KEY, GoogleServices

from filters import ToxicityPerspective
from filters.base import Judge
from schemas.errors import JobError, ServiceFault
from schemas.resources import Resources
from schemas.sample import Text
from schemas.verdict import Verdict


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PERSPECTIVE_API_KEY", KEY)
    monkeypatch.setattr("filters.services.requests._FIRST_PAUSE", 0.01)


def load(services: GoogleServices, resources: Resources, **settings: Any) -> Judge[Text]:
    given = {"endpoint": services.http_endpoint, "requests_per_minute": None, **settings}
    return ToxicityPerspective(**given).load(resources)


def judge(loaded: Judge[Text], *texts: str) -> list[Verdict]:
    return loaded.judge([Text(text) for text in texts])


def test_probabilities_decide(services: GoogleServices, resources: Resources) -> None:
    verdicts = judge(load(services, resources), "a dog", "you idiot", "a dog", "12")
    assert [(v.action, v.reason) for v in verdicts] == [
        ("keep", ""),
        ("drop", "text_toxic"),
        ("keep", ""),
        ("keep", ""),
    ]
    assert verdicts[0].scores == pytest.approx(dict.fromkeys(verdicts[1].scores, 0.02))
    assert {"toxicity", "severe_toxicity", "threat"} <= verdicts[0].scores.keys()
    assert len(services.asked) == 2
    assert all(each.message["doNotStore"] for each in services.asked)
    for verdict in verdicts[:2]:
        assert ToxicityPerspective().decide(verdict.scores) == verdict


def test_known_languages_are_named_and_unsupported_ones_are_indeterminate(
    services: GoogleServices, resources: Resources
) -> None:
    loaded = load(services, resources)
    items = [Text("ein Hund", "de"), Text("a word", "tlh"), Text("nuqneH")]
    german, *others = loaded.judge(items)
    assert german.action == "keep"
    assert {(v.action, v.reason) for v in others} == {("indeterminate", "language_unsupported")}
    assert ["de"] in [each.message.get("languages") for each in services.asked]


def test_a_missing_attribute_is_no_score_of_zero(
    services: GoogleServices, resources: Resources
) -> None:
    services.alter = lambda answer: answer["attributeScores"].pop("THREAT")
    (verdict,) = judge(load(services, resources), "a dog")
    assert (verdict.action, verdict.reason) == ("indeterminate", "service_score_missing")
    assert verdict.scores["toxicity"] == pytest.approx(0.02)
    only = load(services, resources, attributes=["threat"])
    assert judge(only, "a dog")[0].reason == "service_score_missing"


def test_a_long_text_is_judged_to_its_end(services: GoogleServices, resources: Resources) -> None:
    (verdict,) = judge(load(services, resources), f"{'ein Hündchen ' * 600} you idiot")
    assert verdict.action == "drop"
    assert len(services.asked) > 2


@pytest.mark.parametrize("code", ["RESOURCE_EXHAUSTED", "UNAVAILABLE", "CUT"])
def test_passing_failures_are_retried(
    services: GoogleServices, resources: Resources, code: str
) -> None:
    services.fail(code, 2)
    assert judge(load(services, resources), "a dog")[0].action == "keep"
    assert len(services.asked) == 3


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("RESOURCE_EXHAUSTED", "service_quota_exhausted"),
        ("UNAVAILABLE", "service_unavailable"),
        ("CUT", "service_unavailable"),
    ],
)
def test_lasting_failures_fail_the_unit(
    services: GoogleServices,
    resources: Resources,
    monkeypatch: pytest.MonkeyPatch,
    code: str,
    reason: str,
) -> None:
    monkeypatch.setattr("filters.services.requests._FIRST_PAUSE", 60.0)  # longer than is left
    services.fail(code, 1000)
    with pytest.raises(ServiceFault, match=f"^{reason}$"):
        judge(load(services, resources, deadline_seconds=25.0), "a dog")


def test_a_time_out_fails_the_unit(services: GoogleServices, resources: Resources) -> None:
    with (
        services.silent(),
        pytest.raises(ServiceFault, match=r"^service_timeout$"),
    ):
        judge(load(services, resources, deadline_seconds=0.5), "a dog")


@pytest.mark.parametrize(
    "wrong", [{}, {"attributeScores": 3}, {"attributeScores": {"TOXICITY": 1}}]
)
def test_an_answer_that_is_none_fails_the_unit(
    services: GoogleServices, resources: Resources, wrong: dict[str, Any]
) -> None:
    def alter(answer: dict[str, Any]) -> None:
        answer.clear()
        answer.update(wrong)

    services.alter = alter
    with pytest.raises(ServiceFault, match="service_answer_incomplete"):
        judge(load(services, resources), "a dog")


def test_a_redirect_is_not_followed(services: GoogleServices, resources: Resources) -> None:
    services.fail("REDIRECT")
    with pytest.raises(JobError, match="FAILED_PRECONDITION"):
        judge(load(services, resources), "a dog")
    assert len(services.asked) == 1


def test_the_key_is_in_the_environment_alone(
    services: GoogleServices, resources: Resources, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = ToxicityPerspective()
    assert KEY.encode() not in pickle.dumps(stage)
    assert KEY not in stage.model_dump_json()
    monkeypatch.setenv("PERSPECTIVE_API_KEY", "another key")
    with pytest.raises(JobError, match="UNAUTHENTICATED") as caught:
        judge(load(services, resources), "a dog")
    assert "another key" not in str(caught.value)
    monkeypatch.delenv("PERSPECTIVE_API_KEY")
    with pytest.raises(JobError, match="PERSPECTIVE_API_KEY is not set in the environment"):
        load(services, resources)


def test_it_needs_no_package(resources: Resources, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("filters.services.service_filter.find_spec", lambda _: None)
    ToxicityPerspective().check(resources)
    with pytest.raises(JobError, match=r"quarantine_at: 0\.9 is not below drop_at"):
        ToxicityPerspective(quarantine_at=0.9).check(resources)
