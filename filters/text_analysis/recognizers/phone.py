"""Telephone numbers, by phonenumbers' numbering plans and the words that stand before them."""

import re
from collections.abc import Iterator

import phonenumbers

from filters.text_analysis.recognizers.context_words import OTHER_NUMBER, Label, is_quantity
from filters.text_analysis.recognizers.recognizer import DIGITS, Recogniser, Span, follows_digits

_LABEL = Label(
    r"\b(?:tel|tels|telephones?|phones?|ph|mobiles?|mob|cell(?: ?phone)?|fax|whats ?app|wa\.me"
    r"|viber|call|calls|ring|text|sms|dial|hotline|contact|reach|t[ée]l[ée]phone|t[ée]l|portable"
    r"|tel[ée]fono|telefone|m[óo]vil|celular|cellulare|telefon|handy|mobil|mobiel|tlf|tfn|puh)\b"
    r"|☎|📞|📱|✆|тел(?:ефон)?|моб|電話|电话|手机|手機|携帯|전화|휴대폰|هاتف|फोन"
)
_JOINT = re.compile(r"[\s,/;|&]{0,3}(?:\b(?:or|and|oder|und|et|ou|y|o|e)\b)?[\s,/;|&]{0,3}\Z")
_LEFT = r"(?<![A-Za-z0-9_])(?<!\d[-.:+])(?<![A-Za-z]-)"
_RIGHT = r"(?![A-Za-z0-9_])(?![-.:]\d)"
_GAP = r"(?: ?[().\-/] ?| |\n)"
# With the country's code, after + or the 00 that most countries dial for it.
_ABROAD = re.compile(rf"{_LEFT}(?:\(?\+ ?|00 ?(?=[1-9]))\d{{1,3}}(?:{_GAP}{{0,2}}\d){{6,13}}(?!\d)")
# North America: an area and an exchange begin with 2 to 9.
_AMERICAN = re.compile(
    rf"{_LEFT}(?:1[-. ])?(?:\([2-9]\d\d\) ?-? ?|[2-9]\d\d ?[-./ ] ?)"
    rf"[2-9]\d\d ?[-. ] ?\d{{4}}{_RIGHT}"
)
# With the 0 that many countries dial before the area, in groups; not from inside of a path.
_TRUNK = re.compile(
    rf"{_LEFT}(?<!/)(?P<first>\(0\d{{1,5}}\)|0\d{{1,5}}){_GAP}\d{{2,8}}"
    rf"(?:{_GAP}\d{{2,4}}){{0,4}}{_RIGHT}"
)
_LABELLED = re.compile(rf"{_LEFT}\(?\d(?:{_GAP}{{0,2}}\d){{6,13}}(?!\d){_RIGHT}")
# Without Italy and the Netherlands, which took more of the made-up look-alikes than all the others.
_TRUNK_REGIONS = ("GB", "FR", "DE", "AU", "JP", "BE", "CH", "AT", "SE", "IN", "CN")
_DATE_OR_ZIP = re.compile(
    r"(?:(?:19|20)\d\d\D{1,3}){1,2}(?:19|20)\d\d\Z"
    r"|(?:19|20)\d\d\D?[01]?\d\D?[0-3]?\d(?:\D|\Z)"
    r"|[0-3]?\d[-./ ][01]?\d[-./ ](?:19|20)\d\d(?:\D|\Z)"
    r"|\d{5}-\d{4}\Z"
)
_LAST_GROUP = re.compile(r"(?:\D+|\A\D*)\d+\Z")


def is_number(value: str, region: str | None = None) -> bool:
    """Whether a numbering plan knows it; without a region it begins with + and a country's code."""
    number = _read(value, region)
    return number is not None and phonenumbers.is_valid_number(number)


def _has_length(value: str) -> bool:
    """Whether numbers of its country are so long: the plans that are held can be out of date."""
    number = _read(value, None)
    return number is not None and (
        phonenumbers.is_possible_number_with_reason(number)
        == phonenumbers.ValidationResult.IS_POSSIBLE
    )


def _is_grouped_as_in(region: str, value: str) -> bool:
    """Whether it is a number there, in the groups it is written in there; for in any, most are."""
    number = _read(value, region)
    if number is None or not phonenumbers.is_valid_number_for_region(number, region):
        return False
    written = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL)
    return re.findall(r"\d+", written) == re.findall(r"\d+", value)


def _read(value: str, region: str | None) -> phonenumbers.PhoneNumber | None:
    try:
        return phonenumbers.parse(value, region)
    except phonenumbers.NumberParseException:
        return None


def _find(text: str) -> Iterator[Span]:
    yield from _find_abroad(text)
    yield from _find_american(text)
    yield from _find_trunk(text)
    yield from _find_labelled(text)


def _find_abroad(text: str) -> Iterator[Span]:
    for match in _ABROAD.finditer(text):
        if OTHER_NUMBER.stands_before(match.start(), text):
            continue
        whole = _international(match[0])
        value = match[0]
        while _count(value) >= 7 and not is_number(_international(value)):
            value = _LAST_GROUP.sub("", value)  # other numbers can follow
        if _count(value) >= 7:
            yield match.start(), match.start() + len(value)
        elif (
            _count(whole) >= 9 and "+" in match[0] and _has_length(whole)
        ) or _LABEL.stands_before(match.start(), text):
            yield match.span()


def _find_american(text: str) -> Iterator[Span]:
    after = -1
    for match in _AMERICAN.finditer(text):
        start, end = match.span()
        if _LABEL.stands_before(start, text) or (
            is_number(match[0], "US") and _stands_alone(start, end, text, after)
        ):
            yield start, end
            after = end


def _find_trunk(text: str) -> Iterator[Span]:
    position, after = 0, -1
    while match := _TRUNK.search(text, position):
        start, value = match.start(), match[0]
        while _count(value) >= 9 and not _is_national(value):
            value = _LAST_GROUP.sub("", value)  # other numbers can follow
        end = start + len(value)
        if _count(value) >= 9 and _stands_alone(start, end, text, after):
            yield start, end
            position = after = end
        else:
            position = match.end("first")


def _is_national(value: str) -> bool:
    return (
        _count(value) <= 12
        and not _DATE_OR_ZIP.match(value)
        and any(_is_grouped_as_in(region, value) for region in _TRUNK_REGIONS)
    )


def _find_labelled(text: str) -> Iterator[Span]:
    before = None  # where the last one ended: its label is that of the next one too
    for match in _LABELLED.finditer(text):
        start, end = match.span()
        joined = before is not None and start - before <= 12 and _JOINT.match(text, before, start)
        if (joined or _LABEL.stands_before(start, text)) and not _DATE_OR_ZIP.match(match[0]):
            yield start, end
            before = end


def _stands_alone(start: int, end: int, text: str, after: int) -> bool:
    """Whether it is neither named something else nor a part of more digits, or of a quantity."""
    return not (
        OTHER_NUMBER.stands_before(start, text)
        or is_quantity(start, end, text)
        or follows_digits(start, text, after)
    )


def _international(value: str) -> str:
    """With a + and nothing before it, for what may begin with 00 or a bracket."""
    return f"+{value.lstrip('(+ ').removeprefix('00')}"


def _count(value: str) -> int:
    return sum(map(str.isdecimal, value))


PHONE_NUMBER = Recogniser("PHONE_NUMBER", DIGITS, _find)
