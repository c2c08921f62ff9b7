"""PersonalData redacts or drops texts of any Unicode form, size and batch."""

import re
import unicodedata
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from benchmarks.filters.personal_data import tally
from benchmarks.filters.personal_data_lines import lines
from filters import PersonalData
from filters.text_analysis.normalization import normalize
from filters.text_analysis.recognizers.prefilter import Signs, may_match
from filters.text_analysis.recognizers.table import RECOGNIZERS
from filters.text_analysis.redaction import merge
from filters.texts.personal_data import find_matches, select_recognizers
from schemas.resources import Resources
from schemas.sample import Text
from schemas.verdict import Verdict

# Pieces of text that recognizers react to, to be concatenated.
PIECES = st.one_of(
    st.sampled_from(
        [line.text[start:end] for line in lines(400) for _, start, end in line.planted]
        + re.findall(
            r"\S+",
            "536-22-1234 4111111111111111 +12127365000 ana@example.com 203.0.113.7 212-736-5000 "
            "ssn passport no. tel: password: call DL# order version https:// Bearer born "
            "[PASSPORT] [EMAIL_ADDRESS] [at] (dot) at dot or @ - . , : / + 0 1 12 123 a b xyz "
            "请 。 e\u0301 \ufdfa",
        )
        + [" ", " ", " ", "\n", "\u200b"]
    ),
    st.text(max_size=4),
)
TEXTS = st.lists(PIECES, max_size=12).map("".join)
# Minimum recall and precision, lower for infotypes with look-alikes that nobody could distinguish.
_LEAST = {"PHONE_NUMBER": (0.9, 0.9), "IP_ADDRESS": (0.97, 0.95)}
EVERYTHING = PersonalData(infotypes=tuple(each.infotype for each in RECOGNIZERS))  # type: ignore[arg-type]


def judged(*texts: str, of: PersonalData = EVERYTHING) -> Sequence[Verdict]:
    judge = of.load(Resources(open=lambda path: pytest.fail(f"nothing is to be read: {path}")))
    return judge.judge([Text(text) for text in texts])


@pytest.mark.parametrize(
    ("text", "redacted", "counts"),
    [
        (
            "Mail ana@example.com or bo@example.com, tel. (212) 736-5000.",
            "Mail [EMAIL_ADDRESS] or [EMAIL_ADDRESS], tel. [PHONE_NUMBER].",
            {"EMAIL_ADDRESS": 2, "PHONE_NUMBER": 1},
        ),
        (
            "ssn 536–22–12\u200b34\u200b!",
            "ssn [US_SOCIAL_SECURITY_NUMBER]\u200b!",
            {"US_SOCIAL_SECURITY_NUMBER": 1},
        ),
        (
            "\ufdfa e\u0301 ４１１１ １１１１ １１１１ １１１１ \ufdfa",
            "\ufdfa e\u0301 [CREDIT_CARD_NUMBER] \ufdfa",
            {"CREDIT_CARD_NUMBER": 1},
        ),
        (
            "[EMAIL_ADDRESS], from 203.0.113.7",
            "[EMAIL_ADDRESS], from [IP_ADDRESS]",
            {"IP_ADDRESS": 1},
        ),
        ("请联系ana@example.com。", "请联系[EMAIL_ADDRESS]。", {"EMAIL_ADDRESS": 1}),
    ],
)
def test_redaction(text: str, redacted: str, counts: dict[str, int]) -> None:
    (verdict,) = judged(text)
    assert (verdict.action, verdict.reason) == ("redact", "")
    assert verdict.text == redacted
    assert verdict.counts == counts
    assert verdict.scores == {"matches": sum(counts.values())}


@pytest.mark.parametrize("text", ["", "A dog, 3 years old.", "[EMAIL_ADDRESS]", "part 536-22-1234"])
def test_texts_without_personal_data_are_kept(text: str) -> None:
    for action in ("redact", "drop"):
        (verdict,) = judged(text, of=PersonalData.model_validate({"action": action}))
        assert (verdict.action, verdict.scores) == ("keep", {})


def test_drop_stores_only_the_number_of_matches() -> None:
    text = "ana@example.com 203.0.113.7"
    (verdict,) = judged(text, of=PersonalData(action="drop"))
    assert (verdict.action, verdict.reason) == ("drop", "personal_data")
    assert verdict.scores == {"matches": 2}
    assert verdict.text == ""
    assert "ana" not in repr(judged(text))


def test_only_the_jobs_infotypes_are_matched() -> None:
    text = "born 12 March 1984, ana@example.com, at 350 5th Ave"
    (verdict,) = judged(text, of=PersonalData())
    assert verdict.counts == {"EMAIL_ADDRESS": 1}
    (verdict,) = judged(text, of=PersonalData(infotypes=("STREET_ADDRESS", "DATE_OF_BIRTH")))
    assert verdict.counts == {"DATE_OF_BIRTH": 1, "STREET_ADDRESS": 1}


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ({"infotypes": []}, "at least 1"),
        ({"infotypes": ["PERSON_NAME"]}, "US_SOCIAL_SECURITY_NUMBER"),
        ({"infotypes": ["PASSPORT", "PASSPORT"]}, "PASSPORT 2 times"),
        ({"action": "mask"}, "redact"),
    ],
)
def test_senseless_configurations_are_refused(bad: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        PersonalData.model_validate(bad)


@given(TEXTS)
def test_redacted_texts_have_no_further_match(text: str) -> None:
    (verdict,) = judged(text)
    assert verdict.action in ("keep", "redact")
    if verdict.action == "redact":
        assert judged(verdict.text)[0].action == "keep"


@given(TEXTS)
def test_everything_but_the_matches_stays(text: str) -> None:
    (verdict,) = judged(text)
    if verdict.action == "redact":
        left = re.split("|".join(rf"\[{each.infotype}\]" for each in RECOGNIZERS), verdict.text)
        position = 0
        for piece in left:
            position = text.index(piece, position) + len(piece)
        assert sum(verdict.counts.values()) >= verdict.scores["matches"]


@given(st.lists(TEXTS, max_size=6))
def test_verdicts_do_not_depend_on_the_batch(texts: list[str]) -> None:
    assert list(judged(*texts)) == [judged(text)[0] for text in texts]


@pytest.mark.parametrize("form", ["NFC", "NFD", "NFKC", "NFKD"])
def test_planted_values_are_found_in_every_form_of_unicode(form: str) -> None:
    """Planted values are found next to combining marks, ligatures and ignorable characters."""
    for line in lines(600, seed=5):
        for infotype, start, end in line.planted:
            value = unicodedata.normalize(form, line.text[start:end])  # type: ignore[arg-type]
            label = unicodedata.normalize(form, line.text[:start])  # type: ignore[arg-type]
            text = f"\ufdfae\u0301\u0323 ﬁ {label}{value} ﬁ\u200b"
            matches = merge(find_matches(text, select_recognizers(PersonalData().infotypes)))
            if infotype != "IP_ADDRESS" or not value.startswith(
                "127."
            ):  # loopback addresses are not matched
                assert (infotype, value) in [
                    (match.infotype, text[match.start : match.end].rstrip(".")) for match in matches
                ]


def test_prefilters_match_in_every_text_with_a_match() -> None:
    matching = 0
    for line in lines(3000, seed=6):
        text = normalize(line.text).text
        for each in RECOGNIZERS:
            if next(each.find(text), None):
                assert may_match(Signs(text))
                assert each.prefilter.passes(Signs(text))
                matching += 1
    assert matching > 1000


@pytest.mark.parametrize(
    "piece",
    [
        *("1", "1 ", "12-", "0 ", "1.", "1:", "ab:", "a", "a.", "a@", "@", "a@a.", ".a", "-", "_"),
        *("+1 ", "(212) ", "a at ", "a dot ", "a [at] a [dot] ", "GB82 ", "A1", "<", "P<", "eyJ"),
        *("eyJaaaaaaaa.", "://a:", "password: ", "password=1", "Bearer ", "sk-", "passport "),
        *("call ", "tel. 7365000, ", "-----BEGIN PRIVATE KEY-----", "1 A ", "1 Main ", "born 1 "),
        *("ana@example.com", "ana@example.com ", "4111111111111111 ", "536-22-1234", "[PASSPORT]"),
        *(
            "请",
            "请@",
            "е",
            "\u200b1",
            "\ufdfa@",
            "e\u0301@",
            "１",
            "1\n",
            " ",
            "\n@",
            "AKIA",
            "a_",
        ),
    ],
)
def test_a_hundred_thousand_hostile_characters(piece: str) -> None:
    """A text of the maximum length of a job; patterns with backtracking would take hours."""
    text = piece * (100_000 // len(piece))
    (verdict,) = judged(text)
    assert verdict.action in ("keep", "redact")


@pytest.mark.parametrize("piece", ["A dog. ", "ana@example.com, ", "1 2 ", "aB3-"])
def test_a_long_text_takes_linear_time(piece: str) -> None:
    text = piece * (300_000 // len(piece))
    (verdict,) = judged(text)
    assert verdict.scores.get("matches", 0) == (len(text) // len(piece) if "@" in piece else 0)


def test_recall_and_precision_on_made_up_lines() -> None:
    """As benchmarks/filters/personal_data.py: 357 values per infotype, 5,000 lines without any."""
    result = tally(lines(10_000))
    for infotype in PersonalData().infotypes:
        least = _LEAST.get(infotype, (0.99, 0.98))
        assert result.planted[infotype] >= 300
        assert result.recall(infotype) >= least[0], infotype
        assert result.precision(infotype) >= least[1], infotype
