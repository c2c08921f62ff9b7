"""Texts that ToxicityRules must drop, quarantine and keep, and its known limits."""

import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from filters import ToxicityRules
from filters.texts.toxicity_rules import ATTRIBUTES
from schemas.resources import Resources
from schemas.sample import Text
from schemas.verdict import Verdict

RESOURCES = Resources(open=lambda path: pytest.fail(f"nothing is to be read: {path}"))
TABLE = [
    # insults with and without a target
    ("you are an idiot", "drop", "insult"),
    ("You're such a stupid loser", "drop", "insult"),
    ("u r pathetic", "drop", "insult"),
    ("idiots like you", "drop", "insult"),
    ("he said that you are an idiot, and he is right, you idiot", "drop", "insult"),
    ("you are an 1d10t", "keep", ""),  # 1 for i and for d at once: not recognized
    ("you are an id1ot", "drop", "insult"),
    ("Eres un imbécil", "drop", "insult"),
    ("Du bist ein Vollidiot", "drop", "insult"),
    ("espèce de connard", "drop", "insult"),
    ("Você é um idiota", "drop", "insult"),
    ("sei uno stronzo", "drop", "insult"),
    ("Ты просто тупой", "drop", "insult"),
    ("你是白痴", "drop", "insult"),
    ("お前は馬鹿だ", "drop", "insult"),
    ("a red star, drawn by a stupid idiot", "quarantine", "insult"),
    ("whoever made this is a pathetic moron", "quarantine", "insult"),
    ("Dostoevsky's idiot, a stupid mistake", "keep", ""),
    ("disgusting garbage beside an ugly pig", "keep", ""),
    ("una cruz negra, eres con quien andas", "keep", ""),
    ("you are not an idiot", "keep", ""),
    ("they told me you are stupid", "keep", ""),
    ("The Idiot, a novel by Dostoevsky", "keep", ""),
    ("a garbage truck and an ugly sweater", "keep", ""),
    ("垃圾桶", "keep", ""),
    # threats
    ("I will kill you", "drop", "threat"),
    ("we're going to hunt you down", "drop", "threat"),
    ("kill yourself", "drop", "threat"),
    ("te voy a matar", "drop", "threat"),
    ("Ich bring dich um", "drop", "threat"),
    ("ぶっ殺すぞ", "drop", "threat"),
    ("去死吧", "drop", "threat"),
    ("please don't kill yourself", "keep", ""),
    ("what doesn't kill you makes you stronger", "keep", ""),
    ("To Kill a Mockingbird", "keep", ""),
    ("死ねない理由", "keep", ""),
    # hatred of groups, and words for groups
    ("I hate all Muslims", "drop", "identity_attack"),
    ("Jews are vermin", "drop", "identity_attack"),
    ("immigrants should be shot", "drop", "identity_attack"),
    ("kill all gays", "drop", "identity_attack"),
    ("faggots", "drop", "identity_attack"),
    ("f\u200ba\u200bg\u200bg\u200bo\u200bt", "drop", "identity_attack"),
    ("pédés", "drop", "identity_attack"),
    ("a tranny on stage", "quarantine", "identity_attack"),
    ("I am a gay man", "keep", ""),
    ("I love Muslims, Jews and lesbians", "keep", ""),
    ("why do people hate Muslims?", "keep", ""),
    ("not all Muslims are terrorists", "keep", ""),
    ("it is wrong to say that Jews are parasites", "keep", ""),
    ("cockroaches are vermin", "keep", ""),
    ("I hate Mondays", "keep", ""),
    ("you can't call anyone a faggot", "keep", ""),
    ('"faggot" is offensive', "keep", ""),
    ("we are proud dykes", "keep", ""),
    ("African animals at the waterhole", "keep", ""),
    ("a white trash can next to a black trash bag", "keep", ""),
    ("Two black pigs in a field", "keep", ""),
    ("Indian monkeys on a temple wall", "keep", ""),
    ("Things women hate about shopping", "keep", ""),
    ("Muslims hate violence, says imam", "keep", ""),
    ("I hate black coffee", "keep", ""),
    ("Chinks of light through the curtain", "keep", ""),
    ('Statements like "Muslims are scum" are deeply hurtful.', "keep", ""),
    ("Muslims are human garbage.", "drop", "identity_attack"),
    ("Gays should all be killed", "drop", "identity_attack"),
    ("those black people are monkeys", "drop", "identity_attack"),
    ("people of your kind should go back where they came from", "drop", "identity_attack"),
    # terms of other languages
    ("Le bus est en retard", "keep", ""),
    ("Rappel de vaccin : pas de retard !", "keep", ""),
    ("Le train arrive avec deux heures de retard à la gare de Lyon", "keep", ""),
    ("Slut på semestern", "keep", ""),
    ("Kike juega al fútbol con sus amigos en el parque", "keep", ""),
    ("that kike again", "drop", "identity_attack"),
    # profanity and pornography
    ("fuck this", "drop", "profanity"),
    ("a shitty day", "quarantine", "profanity"),
    ("hardcore porn", "drop", "sexually_explicit"),
    ("Scunthorpe, Essex: a therapist", "keep", ""),
    ("😀", "keep", ""),
    ("", "keep", ""),
    ("Dwa psy bawią się na plaży w słoneczny dzień", "indeterminate", ""),
    # known limits of the rules
    ("you have the brain of a snail", "keep", ""),
]


def judged(text: str, language: str = "", **options: object) -> Verdict:
    (verdict,) = ToxicityRules.model_validate(options).load(RESOURCES).judge([Text(text, language)])
    return verdict


@pytest.mark.parametrize(("text", "action", "attribute"), TABLE)
def test_verdicts(text: str, action: str, attribute: str) -> None:
    verdict = judged(text)
    reason = f"text_{attribute}" if attribute else ""
    assert verdict.action == action
    assert verdict.reason == ("language_unsupported" if action == "indeterminate" else reason)
    assert set(verdict.scores) <= {*ATTRIBUTES, "toxicity", "severe_toxicity"}
    assert all(0 < score <= 1 for score in verdict.scores.values())


@pytest.mark.parametrize("form", ["NFC", "NFD", "NFKC", "NFKD"])
@pytest.mark.parametrize("text", [text for text, _, _ in TABLE])
def test_all_normal_forms_of_a_text_are_judged_alike(form: str, text: str) -> None:
    assert judged(unicodedata.normalize(form, text)).action == judged(text).action


def test_toxicity_is_the_highest_attribute_and_severe_the_second() -> None:
    scores = judged("you are a shitty faggot").scores
    assert scores["identity_attack"] == scores["toxicity"] == pytest.approx(0.9)
    assert scores["profanity"] == scores["severe_toxicity"] == pytest.approx(0.6)


@pytest.mark.parametrize(
    ("options", "action"),
    [
        ({}, "drop"),
        ({"drop_at": 0.9}, "drop"),
        ({"drop_at": 0.91}, "quarantine"),
        ({"drop_at": 0.95, "quarantine_at": 0.91}, "keep"),
        ({"attributes": ("threat",)}, "keep"),
    ],
)
def test_thresholds_are_inclusive(options: dict[str, object], action: str) -> None:
    assert judged("you are an idiot", **options).action == action


@pytest.mark.parametrize(
    ("language", "action"), [("en", "keep"), ("de-AT", "keep"), ("fi", "indeterminate")]
)
def test_a_generated_text_has_a_language(language: str, action: str) -> None:
    assert judged("a red car", language).action == action


@given(st.lists(st.sampled_from([text for text, _, _ in TABLE])))
def test_batches_do_not_matter(texts: list[str]) -> None:
    together = ToxicityRules().load(RESOURCES).judge([Text(text) for text in texts])
    assert together == [judged(text) for text in texts]


@pytest.mark.parametrize(
    "piece", ["you are an idiot ", "i hate all ", "call you a ", "kill you ", "faggot "]
)
def test_a_long_text_takes_linear_time(piece: str) -> None:
    judged(piece * (300_000 // len(piece)))  # quadratic time would hit --timeout


def test_a_toxic_tail_counts() -> None:
    assert judged("a red car " * 10_000 + "you are an idiot").reason == "text_insult"


def test_every_reason_is_documented() -> None:
    output = (Path(__file__).parents[3] / "docs/output.md").read_text(encoding="utf-8")
    assert not [each for each in ATTRIBUTES if f"`text_{each}`" not in output]
    assert {attribute for _, _, attribute in TABLE} >= set(ATTRIBUTES)


@pytest.mark.parametrize(
    "options",
    [
        {"drop_at": 0},
        {"attributes": ["toxicity"]},
        {"attributes": []},
        {"languages": []},
        {"at": 1},
    ],
)
def test_senseless_options_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        ToxicityRules.model_validate(options)
