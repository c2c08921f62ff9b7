"""PersonalDataPresidio unites Presidio's recognizers, the user's own, models, and the rules."""

import logging
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from filters import PersonalDataPresidio
from schemas.errors import JobError
from schemas.resources import Resources
from schemas.sample import Text
from schemas.verdict import Verdict

pytest.importorskip("presidio_analyzer", reason="needs pip install 'shardmill[presidio]'")

CARD = "4111 1111 1111 1111"
Judge = Callable[..., list[Verdict]]


@pytest.fixture
def judge(resources: Resources) -> Judge:
    def judge(*texts: str | Text, **keys: Any) -> list[Verdict]:
        stage = PersonalDataPresidio.model_validate({"recognizers": ["UsSsnRecognizer"], **keys})
        items = [text if isinstance(text, Text) else Text(text) for text in texts]
        return stage.load(resources).judge(items)

    return judge


@pytest.fixture
def own_file(tmp_path: Path) -> Callable[[str], str]:
    def own_file(text: str) -> str:
        path = tmp_path / "recognizers.yaml"
        path.write_text(text)
        return str(path)

    return own_file


STAFF = """\
recognizers:
  - name: staff
    supported_entity: STAFF_NUMBER
    patterns: [{name: six digits, regex: '\\bEMP\\d{6}\\b', score: 0.6}]
  - name: badges
    supported_entity: BADGE
    patterns: [{name: four digits, regex: '\\b\\d{4}\\b', score: 0.3}]
    context: [badge]
  - {name: projects, supported_entity: PROJECT, deny_list: [Bluebird, Red Kite]}
  - {name: off, enabled: false, supported_entity: NEVER, deny_list: [dog]}
"""


@pytest.fixture(scope="session")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Path:
    spacy = pytest.importorskip("spacy")
    nlp = spacy.blank("en")
    nlp.add_pipe("entity_ruler").add_patterns(
        [
            {"label": "PERSON", "pattern": "Ada Lovelace"},
            {"label": "GPE", "pattern": "Paris"},
        ]
    )
    folder = tmp_path_factory.mktemp("spacy") / "people"
    nlp.to_disk(folder)
    return folder


def test_recognizers_of_the_users_choice_have_the_placeholders_of_the_rules(judge: Judge) -> None:
    text = f"ssn 536-90-4399, card {CARD}, passport 912803456, tax 65929970489"
    (verdict,) = judge(
        text,
        recognizers=["UsSsnRecognizer", "CreditCardRecognizer", "UsPassportRecognizer"],
        infotypes=[],
        threshold=0.3,
    )
    assert verdict.text == (
        "ssn [US_SOCIAL_SECURITY_NUMBER], card [CREDIT_CARD_NUMBER], "
        "passport [PASSPORT], tax 65929970489"
    )
    assert verdict.scores == {"matches": 3}
    (again,) = judge(verdict.text, infotypes=[])
    assert again.action == "keep"


def test_matches_of_presidio_and_of_the_rules_become_one_redaction(
    judge: Judge, own_file: Callable[[str], str]
) -> None:
    path = own_file(
        "recognizers: [{name: wide, supported_entity: ACCOUNT, "
        "patterns: [{name: all, regex: 'acct \\S+', score: 0.9}]}]"
    )
    (verdict,) = judge(
        f"acct a.b@example.com wrote; card {CARD}; EMP 1", recognizers=[], recognizers_file=path
    )
    assert verdict.text == "[ACCOUNT] wrote; card [CREDIT_CARD_NUMBER]; EMP 1"
    assert verdict.counts == {"ACCOUNT": 1, "CREDIT_CARD_NUMBER": 1}


def test_a_file_adds_patterns_words_and_context(
    judge: Judge, own_file: Callable[[str], str]
) -> None:
    keys = {"recognizers": [], "recognizers_file": own_file(STAFF)}
    texts = ("EMP123456 of Red Kite", "his badge 1234", "room 1234 and a dog", "[EMP123456]")
    staff, badge, clean, in_brackets = judge(*texts, **keys)
    assert staff.text == "[STAFF_NUMBER] of [PROJECT]"
    assert badge.text == "his badge [BADGE]"
    assert clean.action == "keep"
    assert in_brackets.text == "[[STAFF_NUMBER]]"


def test_disguised_matches_are_found_where_they_are(
    judge: Judge, own_file: Callable[[str], str]
) -> None:
    keys = {"recognizers": [], "recognizers_file": own_file(STAFF), "infotypes": []}
    (wide,) = judge("die ＥＭＰ１２３\u200b４５６!", **keys)
    assert wide.text == "die [STAFF_NUMBER]!"


def test_a_file_can_name_presidios_own_recognizers(
    judge: Judge, own_file: Callable[[str], str]
) -> None:
    path = own_file(
        "supported_languages: [en]\n"
        "recognizers:\n"
        "  - {name: UsItinRecognizer, type: predefined, country_code: us,\n"
        "     supported_languages: [{language: en, context: [itin]}]}\n"
    )
    (verdict,) = judge("itin 911-70-1234", recognizers=[], recognizers_file=path, infotypes=[])
    assert verdict.text == "itin [US_INDIVIDUAL_TAXPAYER_IDENTIFICATION_NUMBER]"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("recognizers: []", "recognizers: "),
        ("a: [", "line 1 of .*recognizers.yaml is not YAML"),
        ("- 1", "must have a list `recognizers`"),
        ("recognizers: [{name: a}]", "recognizers.0: needs a supported_entity"),
        ("recognizers: [{name: a, supported_entity: A}]", "needs patterns or a deny_list"),
        ("recognizers: [{name: a, supported_entity: A, deny_list: [b], x: 1}]", "0.x: this key"),
        (
            "recognizers: [{name: a, supported_entity: A, "
            "patterns: [{name: p, regex: '(', score: 1}]}]",
            "a: the regular expression of 'p' is wrong: .*: correct it",
        ),
        (
            "recognizers: [{name: a, supported_entity: A, "
            "patterns: [{name: p, regex: a, score: 2}]}]",
            "score: input should be less than or equal to 1",
        ),
        (
            "recognizers: [{name: a, supported_entity: small, deny_list: [b]}]",
            "the entity 'small' is no placeholder",
        ),
        (
            "recognizers: [{name: a, supported_entity: A, supported_language: de, deny_list: [b]}]",
            "is of the language 'de': add it",
        ),
        ("recognizers: [{name: GLiNERRecognizer, type: predefined}]", "nor a service"),
    ],
)
def test_a_wrong_file_is_refused_in_one_line(
    judge: Judge, own_file: Callable[[str], str], text: str, message: str
) -> None:
    with pytest.raises(JobError, match=f"^recognizers_file: .*{message}") as raised:
        judge("a", recognizers=[], recognizers_file=own_file(text))
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"recognizers": ["UsSsnRecogniser"]}, "recognizers: .*: write UsSsnRecognizer"),
        ({"recognizers": ["AzureAILanguageRecognizer"]}, "recognizers: .*nor a service"),
        ({"languages": ["zz"]}, "languages: spaCy does not know the language 'zz'"),
        ({"placeholders": {"US_SNN": "A"}}, "placeholders: no recognizer finds 'US_SNN'"),
        ({"recognizers_file": "/nowhere.yaml"}, "recognizers_file: /nowhere.yaml cannot be read"),
    ],
)
def test_wrong_settings_are_refused_when_the_job_is_planned(
    resources: Resources, keys: dict[str, Any], message: str
) -> None:
    stage = PersonalDataPresidio.model_validate({"recognizers": ["UsSsnRecognizer"], **keys})
    with pytest.raises(JobError, match=f"^{message}"):
        stage.check(resources)


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({}, "needs recognizers, recognizers_file, spacy_models or model"),
        ({"recognizers": ["A", "A"]}, "recognizers names A more than once"),
        ({"spacy_models": {"de": "a"}}, "'de', which is not in languages"),
        ({"recognizers": ["A"], "placeholders": {"A": "a b"}}, "a placeholder is capitals"),
    ],
)
def test_settings_that_contradict_are_refused(keys: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        PersonalDataPresidio.model_validate(keys)


def test_without_the_extra_the_job_is_refused(
    resources: Resources, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("filters.texts.personal_data_presidio.find_spec", lambda name: None)
    stage = PersonalDataPresidio(recognizers=("UsSsnRecognizer",))
    with pytest.raises(JobError, match=r"pip install 'shardmill\[presidio\]'"):
        stage.check(resources)


def test_both_sides_of_the_threshold_and_of_the_limit(judge: Judge) -> None:
    text = "ssn 536-90-4399"  # 0.5 for the pattern, 0.35 for the word
    keys = {"infotypes": [], "placeholders": {"US_SSN": "NUMBER"}}
    assert judge(text, threshold=0.85, **keys)[0].text == "ssn [NUMBER]"
    assert judge(text, threshold=0.86, **keys)[0].action == "keep"
    fits, over = judge("a" * 10, "a" * 11, max_characters=10)
    assert (fits.action, over.action, over.reason) == ("keep", "indeterminate", "text_too_large")


def test_dropped_texts_have_no_text(judge: Judge) -> None:
    dropped, kept = judge("ssn 536-90-4399", "a dog", action="drop")
    assert (dropped.action, dropped.reason, dropped.text) == ("drop", "personal_data", "")
    assert kept.action == "keep"
    stage = PersonalDataPresidio(recognizers=("UsSsnRecognizer",), action="drop")
    assert stage.decide(dropped.scores) == dropped


def test_texts_in_other_languages_are_not_judged(judge: Judge) -> None:
    german = "Ein kleiner Hund läuft am frühen Morgen über die grüne Wiese"
    other, uncertain, said = judge(german, "000012", Text("x y", "de"))
    assert (other.reason, said.reason) == ("language_unsupported",) * 2
    assert uncertain.action == "keep"
    keys = {"recognizers": ["DeKfzRecognizer"], "languages": ["en", "de"], "threshold": 0.4}
    both = judge(f"{german}, Kennzeichen M-AB 1234", "Kennzeichen M-AB 1234", **keys)
    assert [verdict.counts for verdict in both] == [{"DE_KFZ": 1}] * 2


def test_entities_of_a_spacy_pipeline_count(judge: Judge, pipeline: Path) -> None:
    keys = {"recognizers": [], "spacy_models": {"en": str(pipeline)}}
    text = "Ada Lovelace of Paris, a.b@example.com"
    assert judge(text, **keys)[0].text == "[PERSON_NAME] of Paris, [EMAIL_ADDRESS]"
    labels = {"gpe": "PLACE", "PERSON": "PERSON_NAME"}
    assert judge(text, labels=labels, **keys)[0].counts == {
        "PERSON_NAME": 1,
        "PLACE": 1,
        "EMAIL_ADDRESS": 1,
    }
    with pytest.raises(
        JobError, match=r"spacy_models.en: .* none of the labels NORP: .* GPE, PERS"
    ):
        judge(text, labels={"NORP": "NRP"}, **keys)
    with pytest.raises(JobError, match=r"^threshold: entities of spaCy have the score 0.85"):
        judge(text, threshold=0.9, **keys)
    with pytest.raises(JobError, match=r"spacy_models.de: .* pipeline of the language 'en'"):
        judge(text, recognizers=[], languages=["de"], spacy_models={"de": str(pipeline)})


def test_entities_of_a_token_classifier_count(judge: Judge, token_model: Path) -> None:
    (verdict,) = judge("Ada Lovelace in old Paris, ssn 536-90-4399", model=str(token_model))
    assert verdict.text == "[PERSON_NAME] in old Paris, ssn [US_SOCIAL_SECURITY_NUMBER]"
    with pytest.raises(JobError, match=r"^labels: the model has no label"):
        judge("a", model=str(token_model), labels={"NORP": "NRP"})


def test_the_list_of_domains_is_not_downloaded(
    judge: Judge, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("a connection was made")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    keys = {"recognizers": ["EmailRecognizer"], "infotypes": []}
    mail, none = judge("write to a.b@example.co.uk", "write to a@b.invalidtld", **keys)
    assert mail.text == "write to [EMAIL_ADDRESS]"
    assert none.action == "keep"


@pytest.mark.parametrize("logs_are_on", [True, False])
def test_a_recognizer_that_fails_passes_no_text_and_logs_none(
    resources: Resources,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    logs_are_on: bool,
) -> None:
    caplog.set_level(logging.DEBUG)
    names = ("IbanRecognizer", "UsSsnRecognizer", "CreditCardRecognizer")
    loaded = PersonalDataPresidio(recognizers=names, infotypes=()).load(resources)
    logging.disable(logging.NOTSET if logs_are_on else logging.CRITICAL)
    try:
        from presidio_analyzer import EntityRecognizer
        from presidio_analyzer.predefined_recognizers import CreditCardRecognizer

        def fail(_self: object, text: str) -> None:
            if "4111" in text:
                raise ValueError(text)

        def fail_to_replace(text: str, pairs: object) -> str:
            raise ValueError

        monkeypatch.setattr(CreditCardRecognizer, "validate_result", fail)  # quotes the text
        # The recognizer of IBANs logs such an error with the text, and goes on.
        monkeypatch.setattr(EntityRecognizer, "sanitize_value", fail_to_replace)
        iban = "account of Jane DE89370400440532013000"
        items = [Text(iban), Text(f"Jane: {CARD}"), Text("a dog")]
        logged, raised, clean = loaded.judge(items)
    finally:
        logging.disable(logging.NOTSET)
    for verdict in (logged, raised):
        assert (verdict.action, verdict.reason) == ("indeterminate", "recognizer_failed")
        assert verdict.scores == {}
        assert verdict.text == ""
    assert clean.action == "keep"
    assert "Jane" not in caplog.text
    logging.getLogger("presidio-analyzer").warning("of other code")
    assert "of other code" in caplog.text


def test_a_pattern_whose_time_is_up_passes_no_text(
    judge: Judge, own_file: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("presidio_analyzer.pattern_recognizer.REGEX_TIMEOUT_SECONDS", 0.05)
    path = own_file(
        "recognizers: [{name: slow, supported_entity: SLOW, "
        "patterns: [{name: p, regex: '^(a|aa)+$', score: 1}]}]"
    )
    slow, clean = judge("a" * 200 + "b", "b", recognizers=[], recognizers_file=path)
    assert (slow.action, slow.reason) == ("indeterminate", "recognizer_failed")
    assert clean.action == "keep"


def test_words_of_texts_do_not_stay_in_memory(resources: Resources) -> None:
    stage = PersonalDataPresidio(recognizers=("UsSsnRecognizer",), infotypes=())
    judge: Any = stage.load(resources)
    (pipeline,) = judge.analyzer._pipelines.values()
    judge.judge([Text("a dog")])
    before = len(pipeline.nlp.vocab.strings)
    judge.judge([Text(f"dog{number} runs") for number in range(20)])
    assert len(pipeline.nlp.vocab.strings) == before
