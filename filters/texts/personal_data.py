"""Redact personal data found by rules with validators, or drop texts that have any."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar, Literal, Self, get_args

from pydantic import Field, model_validator

from filters.base import Judge, TextFilter
from filters.text_analysis.chunk_scan import scan
from filters.text_analysis.encodings import decode
from filters.text_analysis.normalization import normalize
from filters.text_analysis.recognizers.prefilter import Prefilter, Signs, may_match
from filters.text_analysis.recognizers.recognizer import Recognizer
from filters.text_analysis.redaction import Match, merge, redact_matches
from filters.text_analysis.spelled_digits import decode_digits, may_have_words
from schemas.resources import Resources
from schemas.sample import Text
from schemas.verdict import Verdict, drop, keep, quarantine, redact

Infotype = Literal[
    "US_SOCIAL_SECURITY_NUMBER",
    "US_INDIVIDUAL_TAXPAYER_IDENTIFICATION_NUMBER",
    "CREDIT_CARD_NUMBER",
    "IBAN_CODE",
    "EMAIL_ADDRESS",
    "PHONE_NUMBER",
    "IP_ADDRESS",
    "MAC_ADDRESS",
    "PASSPORT",
    "US_DRIVERS_LICENSE_NUMBER",
    "AUTH_TOKEN",
    "AWS_CREDENTIALS",
    "GCP_API_KEY",
    "ENCRYPTION_KEY",
    "DATE_OF_BIRTH",
    "STREET_ADDRESS",
]
_OPT_IN = ("DATE_OF_BIRTH", "STREET_ADDRESS")
DEFAULT_INFOTYPES: tuple[Infotype, ...] = tuple(
    infotype for infotype in get_args(Infotype) if infotype not in _OPT_IN
)
_CLEAN = keep()
# A placeholder can expose a match that was glued to the replaced one; at most two passes were ever
# needed.
_MAX_PASSES = 4


class PersonalData(TextFilter):
    """Replace personal data by placeholders such as [IBAN_CODE], or drop the text.

    The rules have validators, and judge all texts, keys and carried columns. Redaction is repeated
    until the rules find nothing more; a text that needs more than 4 passes is quarantined.
    """

    rules: ClassVar = "6"

    kind: Literal["personal_data"] = "personal_data"
    """The name of this filter."""
    action: Literal["redact", "drop"] = "redact"
    """`redact` replaces personal data by placeholders; `drop` drops the sample."""
    infotypes: tuple[Infotype, ...] = Field(DEFAULT_INFOTYPES, min_length=1)
    """The kinds of personal data that are looked for; docs/output.md describes them."""

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        for infotype, count in Counter(self.infotypes).items():
            if count > 1:
                raise ValueError(f"infotypes names {infotype} {count} times: once is enough")
        return self

    def load(self, resources: Resources) -> Judge[Text]:
        return _Judge(self)

    def decide(self, scores: Mapping[str, float]) -> Verdict | None:
        return verdict_from_matches(scores, drops=self.action == "drop")


class _Judge:
    def __init__(self, configuration: PersonalData) -> None:
        self._drops = configuration.action == "drop"
        self._recognizers = select_recognizers(configuration.infotypes)
        # Only dates and addresses can have fewer digits, apart from what a scan shows.
        self._min_digits = 5 if {*configuration.infotypes}.isdisjoint(_OPT_IN) else 1

    def judge(self, items: Sequence[Text]) -> list[Verdict]:
        texts = [item.value for item in items]
        scanned = scan(texts)
        return [
            self._judge(text)
            if may or digits >= self._min_digits or may_have_words(text)
            else _CLEAN
            for text, may, digits in zip(texts, scanned.personal, scanned.digits, strict=True)
        ]

    def _judge(self, text: str) -> Verdict:
        return redact_all(text, self._find, drops=self._drops)

    def _find(self, text: str) -> list[Match]:
        return find_matches(text, self._recognizers)


def redact_all(text: str, find: Callable[[str], list[Match]], *, drops: bool) -> Verdict:
    """Return the verdict on a text: redacted until `find` finds nothing more, or dropped."""
    found = find(text)
    if not found:
        return _CLEAN
    matches = merge(found)
    scores = {"matches": len(matches)}
    if drops:
        return drop("personal_data", scores)
    counts: Counter[str] = Counter()
    for _ in range(_MAX_PASSES):
        text, replaced = redact_matches(text, matches)
        counts.update(replaced)
        matches = merge(find(text))
        if not matches:
            return redact(text, dict(counts), scores)
    return quarantine("personal_data_unsettled", scores | {"unsettled": 1})


def verdict_from_matches(scores: Mapping[str, float], *, drops: bool) -> Verdict:
    """Return the verdict that follows from the scores of `redact_all`, but for the redaction."""
    if "matches" in scores and drops:
        return drop("personal_data", scores)
    if "unsettled" in scores:
        return quarantine("personal_data_unsettled", scores)
    return keep(scores)


def select_recognizers(infotypes: Sequence[str]) -> tuple[Recognizer, ...]:
    """Return the recognizers of these infotypes, in order of precedence."""
    from filters.text_analysis.recognizers.table import RECOGNIZERS  # patterns: 0.1 s

    return tuple(recognizer for recognizer in RECOGNIZERS if recognizer.infotype in infotypes)


def find_matches(text: str, recognizers: Sequence[Recognizer]) -> list[Match]:
    """Return the recognizers' matches as spans of the original text; matches can overlap."""
    normalized = decode_digits(decode(normalize(text)))
    signs = Signs(normalized.text)
    if not may_match(signs):
        return []
    found: list[Match] = []
    passed: dict[Prefilter, bool] = {}  # several recognizers share a prefilter
    for recognizer in recognizers:
        prefilter = recognizer.prefilter
        if prefilter not in passed:
            passed[prefilter] = prefilter.passes(signs)
        if passed[prefilter]:
            for start, end in recognizer.find(normalized.text):
                found.append(Match(recognizer.infotype, *normalized.span(start, end)))
    return found
