"""PersonalDataDlp against a server that speaks Cloud DLP's protocol and keeps its limits."""

from typing import Any

import pytest
from support.google_services import DLP_BYTES, GoogleServices

from filters import PersonalData, PersonalDataDlp
from filters.base import Judge
from filters.services import dlp
from filters.services.dlp import rename_placeholders
from filters.services.service_filter import find_spec
from schemas.errors import JobError, ServiceFault
from schemas.resources import Resources
from schemas.sample import Text
from schemas.verdict import Verdict

SSN, MAIL = "536-22-1234", "ann@example.org"


def load(services: GoogleServices, resources: Resources, **settings: Any) -> Judge[Text]:
    given = {"project": "my-project", "endpoint": services.endpoint, **settings}
    return PersonalDataDlp(**given).load(resources)


def judge(judge: Judge[Text], *texts: str) -> list[Verdict]:
    return judge.judge([Text(text) for text in texts])


def test_findings_become_placeholders_like_those_of_the_rules(
    services: GoogleServices, resources: Resources
) -> None:
    loaded = load(services, resources)
    texts = [f"mail {MAIL} or {MAIL}", "a dog", f"{SSN}", "", "  ", "a dog"]
    verdicts = judge(loaded, *texts)
    assert [verdict.action for verdict in verdicts] == ["redact", "keep", "redact", *["keep"] * 3]
    by_rules = PersonalData().load(resources).judge([Text(text) for text in texts])
    assert [(v.text, v.counts, v.scores) for v in verdicts] == [
        (v.text, v.counts, v.scores) for v in by_rules
    ]
    (asked,) = services.asked
    assert asked.items == (texts[0], "a dog", SSN)  # equal texts once, blank ones never


def test_the_request_is_what_the_settings_say(
    services: GoogleServices, resources: Resources
) -> None:
    settings = {"location": "europe-west1", "infotypes": ["EMAIL_ADDRESS"]}
    judge(load(services, resources, min_likelihood="LIKELY", **settings), f"{MAIL} {SSN}")
    request = services.asked[0].message
    assert request.parent == "projects/my-project/locations/europe-west1"
    assert [each.name for each in request.inspect_config.info_types] == ["EMAIL_ADDRESS"]
    assert request.inspect_config.min_likelihood.name == "LIKELY"
    assert not request.inspect_config.include_quote


def test_a_placeholder_can_have_another_name(
    services: GoogleServices, resources: Resources
) -> None:
    loaded = load(
        services, resources, infotypes=["US_PASSPORT"], placeholders={"US_PASSPORT": "PASSPORT"}
    )
    (verdict,) = judge(loaded, "my passport 123456789 is lost")
    assert (verdict.text, verdict.counts) == ("my [PASSPORT] is lost", {"PASSPORT": 1})


def test_texts_can_be_dropped(services: GoogleServices, resources: Resources) -> None:
    verdicts = judge(load(services, resources, action="drop"), MAIL, "a dog")
    assert [(v.action, v.reason) for v in verdicts] == [("drop", "personal_data"), ("keep", "")]
    assert PersonalDataDlp(project="p", action="drop").decide({"matches": 1}) == verdicts[0]
    assert PersonalDataDlp(project="p").decide({}) == verdicts[1]


def test_placeholders_of_the_rules_are_left_alone(
    services: GoogleServices, resources: Resources
) -> None:
    redacted = "mail [EMAIL_ADDRESS] now"
    untouched, more = judge(load(services, resources), redacted, f"{redacted}: {SSN}")
    assert untouched.action == "keep"
    assert more.text == f"{redacted}: [US_SOCIAL_SECURITY_NUMBER]"
    assert more.counts == {"US_SOCIAL_SECURITY_NUMBER": 1}


def test_tables_are_cut_by_bytes_and_keep_their_order(
    services: GoogleServices, resources: Resources
) -> None:
    texts = [f"{number} {'ä' * 20_000} {MAIL}" for number in range(40)]
    verdicts = judge(load(services, resources), *texts)
    assert [verdict.text for verdict in verdicts] == [
        text.replace(MAIL, "[EMAIL_ADDRESS]") for text in texts
    ]
    assert len(services.asked) == 4
    sizes = [type(each.message).serialize(each.message) for each in services.asked]
    assert max(map(len, sizes)) <= DLP_BYTES


def test_the_largest_text_that_fits_is_sent_and_a_larger_one_is_indeterminate(
    services: GoogleServices, resources: Resources
) -> None:
    loaded: Any = load(services, resources)
    room = loaded.service._room - dlp._ROW_BYTES
    fits, too_long = judge(loaded, "x" * room, "x" * (room + 1))
    assert fits.action == "keep"
    assert (too_long.action, too_long.reason) == ("indeterminate", "text_too_large")
    (asked,) = services.asked
    assert DLP_BYTES - 40 <= len(type(asked.message).serialize(asked.message)) <= DLP_BYTES


def test_tables_are_cut_by_values(
    services: GoogleServices, resources: Resources, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dlp, "_MAX_VALUES", 3)
    judge(load(services, resources), *[f"text {number}" for number in range(7)])
    assert sorted(len(each.items) for each in services.asked) == [1, 3, 3]


def test_a_table_with_too_many_findings_is_asked_again_in_halves(
    services: GoogleServices, resources: Resources
) -> None:
    texts = [f"{number} " + " ".join([MAIL] * 1_000) for number in range(5)]
    verdicts = judge(load(services, resources), *texts)
    assert all(MAIL not in verdict.text for verdict in verdicts)
    assert [sum(verdict.counts.values()) for verdict in verdicts] == [1_000] * 5
    assert len(services.asked) == 5  # 5 values, then 2 + 3, then 1 + 2


def test_a_text_with_too_many_findings_is_indeterminate(
    services: GoogleServices, resources: Resources
) -> None:
    full, clean = judge(load(services, resources), " ".join([MAIL] * 3_000), "a dog")
    assert (full.action, full.reason) == ("indeterminate", "service_refused")
    assert clean.action == "keep"


def test_a_text_that_is_refused_is_indeterminate_and_the_others_are_judged(
    services: GoogleServices, resources: Resources
) -> None:
    verdicts = judge(load(services, resources), "a dog", "poison", MAIL, "\ud800")
    assert [verdict.action for verdict in verdicts] == [
        "keep",
        "indeterminate",
        "redact",
        "indeterminate",
    ]
    assert [v.reason for v in verdicts[1::2]] == ["service_refused", "text_not_unicode"]


def test_wrong_settings_are_the_users(services: GoogleServices, resources: Resources) -> None:
    loaded = load(services, resources, project="no-project")
    with pytest.raises(
        JobError, match=r"refuses the settings .*: check project, location"
    ) as caught:
        judge(loaded, f"a secret {MAIL}")
    assert MAIL not in str(caught.value)


@pytest.mark.parametrize("cut", ["fewer", "more", "without", "changed", "failed"])
def test_an_answer_that_does_not_fit_fails_the_unit(
    services: GoogleServices, resources: Resources, cut: str
) -> None:
    def alter(answer: Any) -> None:
        rows = answer.item.table.rows
        if cut == "fewer":
            del rows[-1]
        elif cut == "more":
            rows.append(rows[0])
        elif cut == "without":
            answer.item.table = None
        elif cut == "changed":
            rows[0].values[0].string_value = rows[0].values[0].string_value[:-3]
        else:
            answer.overview.transformation_summaries[0].results[0].code = 2

    services.alter = alter
    with pytest.raises(ServiceFault, match="service_answer_incomplete"):
        judge(load(services, resources), "a long caption", MAIL)


def test_quotas_and_outages_are_retried_and_then_fail_the_unit(
    services: GoogleServices, resources: Resources, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("filters.services.requests._FIRST_PAUSE", 0.01)
    services.fail("RESOURCE_EXHAUSTED")
    services.fail("UNAVAILABLE")
    loaded = load(services, resources)
    assert judge(loaded, MAIL)[0].action == "redact"
    assert len(services.asked) == 3
    services.fail("RESOURCE_EXHAUSTED", 1000)
    monkeypatch.setattr("filters.services.requests._FIRST_PAUSE", 60.0)  # longer than is left
    loaded = load(services, resources, deadline_seconds=25.0)
    with pytest.raises(ServiceFault, match=r"^service_quota_exhausted$"):
        judge(loaded, f"a secret {MAIL}")


def test_a_service_that_hangs_fails_the_unit(
    services: GoogleServices, resources: Resources
) -> None:
    with (
        services.silent(),
        pytest.raises(ServiceFault, match=r"^service_timeout$"),
    ):
        judge(load(services, resources, deadline_seconds=0.5), MAIL)


def test_missing_rights_are_the_users_and_nothing_is_quoted(
    services: GoogleServices, resources: Resources
) -> None:
    services.fail("PERMISSION_DENIED")
    with pytest.raises(JobError, match=r"^personal_data_dlp: .*\(PERMISSION_DENIED\)") as caught:
        judge(load(services, resources), MAIL)
    assert MAIL not in repr(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_the_extra_is_named_when_planned(
    resources: Resources, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = PersonalDataDlp(project="p")
    stage.check(resources)
    monkeypatch.setattr(
        "filters.services.service_filter.find_spec",
        lambda name: None if name.startswith("google") else find_spec(name),
    )
    with pytest.raises(JobError, match=r"pip install 'shardmill\[google\]'"):
        stage.check(resources)


@pytest.mark.parametrize(
    ("endpoint", "message"),
    [
        ("http://dlp.example.org", "must begin with https://"),
        ("https://dlp.example.org/v2", "without a path"),
        ("dlp.example.org", "without a path"),
        ("https://user:word@dlp.example.org", "without a path"),
    ],
)
def test_texts_go_to_other_machines_encrypted_alone(endpoint: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        PersonalDataDlp(project="p", endpoint=endpoint)


NAMES = {"A": "A", "B": "X"}


@pytest.mark.parametrize(
    ("before", "after", "text", "counts"),
    [
        ("one two", "[A] two", "[A] two", {"A": 1}),
        ("one two", "[A]", "[A]", {"A": 1}),
        ("one two three", "one [A][B]", "one [A][X]", {"A": 1, "X": 1}),
        ("[A] one", "[A] [A]", "[A] [A]", {"A": 1}),
        ("[A]", "[A]", "[A]", {}),
        ("aaa", "a[A]a", "a[A]a", {"A": 1}),
    ],
)
def test_an_answer_is_the_text_with_placeholders(
    before: str, after: str, text: str, counts: dict[str, int]
) -> None:
    assert rename_placeholders(before, after, NAMES) == (text, counts)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("one two", "one"),
        ("one two", "two"),
        ("one two", "one two three"),
        ("one two", "one [C]"),
        ("one two", "one two[A]"),
        ("one", "[A]one"),
        ("one two three", "[A] three [A]"),
        ("one two three", "[A] four [A]"),
        ("one", ""),
    ],
)
def test_any_other_change_fails_the_unit(before: str, after: str) -> None:
    with pytest.raises(ServiceFault, match="service_answer_incomplete"):
        rename_placeholders(before, after, NAMES)
