"""Replace personal data, found by rules with validators, or drop what holds any."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Literal, Self, get_args

from pydantic import Field, model_validator

from filters.base import Judge, TextFilter
from filters.text_analysis.normalization import normalise
from filters.text_analysis.recognizers import ANY, RECOGNISERS, Recogniser
from filters.text_analysis.redaction import Match, merge, redact_matches
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
_DEFAULT: tuple[Infotype, ...] = tuple(each for each in get_args(Infotype) if each not in _OPT_IN)
_CLEAN = keep()
_PASSES = 4  # a placeholder can free what was glued to the number in its place; seen: two


class PersonalData(TextFilter):
    """Put a placeholder such as [IBAN_CODE] in the place of personal data, or drop the text.

    What is redacted holds nothing more that would match.
    """

    kind: Literal["personal_data"] = "personal_data"
    action: Literal["redact", "drop"] = "redact"
    infotypes: tuple[Infotype, ...] = Field(_DEFAULT, min_length=1)

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        for infotype, count in Counter(self.infotypes).items():
            if count > 1:
                raise ValueError(f"infotypes names {infotype} {count} times: once is enough")
        return self

    def load(self, resources: Resources) -> Judge[Text]:
        return _Judge(self)


class _Judge:
    def __init__(self, configuration: PersonalData) -> None:
        self._drops = configuration.action == "drop"
        self._recognisers = chosen(configuration.infotypes)

    def judge(self, items: Sequence[Text]) -> list[Verdict]:
        return [self._judge(item.value) for item in items]

    def _judge(self, text: str) -> Verdict:
        matches = merge(find(text, self._recognisers))
        if not matches:
            return _CLEAN
        scores = {"matches": len(matches)}
        if self._drops:
            return drop("personal_data", scores)
        counts: Counter[str] = Counter()
        for _ in range(_PASSES):
            text, replaced = redact_matches(text, matches)
            counts.update(replaced)
            matches = merge(find(text, self._recognisers))
            if not matches:
                return redact(text, dict(counts), scores)
        return quarantine("personal_data_unsettled", scores)


def chosen(infotypes: Sequence[str]) -> tuple[Recogniser, ...]:
    """The recognisers of these infotypes, in order of precedence."""
    return tuple(each for each in RECOGNISERS if each.infotype in infotypes)


def find(text: str, recognisers: Sequence[Recogniser]) -> Iterator[Match]:
    """What the recognisers find, as spans of the text as it is given; they can overlap."""
    normalised = normalise(text)
    if not ANY.search(normalised.text):
        return
    held: dict[str, bool] = {}  # several recognisers look for the same sign
    for each in recognisers:
        if each.sign.pattern not in held:
            held[each.sign.pattern] = each.sign.search(normalised.text) is not None
        if held[each.sign.pattern]:
            for start, end in each.find(normalised.text):
                yield Match(each.infotype, *normalised.span(start, end))
