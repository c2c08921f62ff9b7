"""Recognize telephone numbers by phonenumbers' numbering plans and by context words."""

import re
from collections.abc import Iterable, Iterator

from filters.text_analysis.quick_scans import count_digits
from filters.text_analysis.recognizers.context_words import (
    OTHER_NUMBER_WORDS,
    is_quantity,
)
from filters.text_analysis.recognizers.numbering_plans import (
    has_length,
    is_national_number,
    is_phone_number,
)
from filters.text_analysis.recognizers.phone_in_language import length_in_language
from filters.text_analysis.recognizers.phone_labels import (
    EXTENSION,
    PHONE_LABELS,
    PLACE_AT_END,
    PLACE_IN_BRACKETS,
)
from filters.text_analysis.recognizers.prefilter import SIX_DIGITS
from filters.text_analysis.recognizers.recognizer import Recognizer, Span, follows_digits

_NEXT_NUMBER = re.compile(r"[\s,/;|&]{0,3}(?:\b(?:or|and|oder|und|et|ou|y|o|e)\b)?[\s,/;|&]{0,3}\Z")
_LEFT = r"(?<![A-Za-z0-9_])(?<!\d[-.:+])(?<![A-Za-z]-)"
_RIGHT = r"(?:(?=(?i:x|ext\.?)\d{1,6}(?![A-Za-z0-9_]))|(?![A-Za-z0-9_])(?![-.:]\d))"
_GAP = r"(?: ?[().\-/] ?| |\n)"
# With a country code, after + or after the international prefix 00.
_INTERNATIONAL = re.compile(
    rf"{_LEFT}(?:\(?\+ ?|00 ?(?=[1-9]))\d{{1,3}}(?:{_GAP}{{0,2}}\d){{6,13}}(?!\d)"
)
# North American Numbering Plan: area code and exchange begin with 2 to 9.
_NORTH_AMERICAN = re.compile(
    rf"{_LEFT}(?:1[-. ])?(?:\([2-9]\d\d\) ?-? ?|[2-9]\d\d ?[-./ ] ?)"
    rf"[2-9]\d\d ?[-. ] ?\d{{4}}{_RIGHT}"
)
# With the trunk prefix 0 of many countries, in groups; not from inside a path.
_NATIONAL = re.compile(
    rf"{_LEFT}(?<!/)(?P<first>\(0\d{{1,5}}\)|0\d{{1,5}}){_GAP}\d{{2,8}}"
    rf"(?:{_GAP}\d{{2,4}}){{0,4}}{_RIGHT}"
)
_LABELED = re.compile(rf"{_LEFT}\(?\d(?:{_GAP}{{0,2}}\d){{6,13}}(?!\d){_RIGHT}")
_OTHER_FORM = re.compile(  # dates, postal codes, lists of decimals
    r"(?:(?:19|20)\d\d\D{1,3}){1,2}(?:19|20)\d\d\Z"
    r"|(?:19|20)\d\d\D?[01]?\d\D?[0-3]?\d(?:\D|\Z)"
    r"|[0-3]?\d[-./ ][01]?\d[-./ ](?:19|20)\d\d(?:\D|\Z)"
    r"|\d{5}-\d{3,4}\Z"
    r"|\d{1,2}\.\d{1,2}(?: \d{1,2}\.\d{1,2})+\Z"
)
_CONTINUED = re.compile(r"[-.:/]\d")  # so that the digits before it are no whole number
_LAST_GROUP = re.compile(r"(?:\D+|\A\D*)\d+\Z")


def _find(text: str) -> Iterator[Span]:
    for start, end in _find_without_extensions(text):
        extension = EXTENSION.match(text, end)
        yield start, extension.end() if extension else end


def _find_without_extensions(text: str) -> Iterator[Span]:
    """Find numbers of each form, in order; which forms are possible is cheap to tell."""
    digits = count_digits(text)
    if "+" in text or "00" in text:
        yield from _find_international(text)
    if digits >= 10:
        yield from _find_north_american(text)
    if digits >= 9 and "0" in text:
        yield from _find_national(text)
    if digits >= 7:
        candidates = [*_LABELED.finditer(text)]
        yield from _find_labeled(text, candidates)
        yield from _find_unlabeled(text, candidates)


def _find_international(text: str) -> Iterator[Span]:
    for match in _INTERNATIONAL.finditer(text):
        if OTHER_NUMBER_WORDS.precede(match.start(), text):
            continue
        whole = _with_plus(match[0])
        value = match[0]
        while _count(value) >= 7 and not is_phone_number(_with_plus(value)):
            value = _LAST_GROUP.sub("", value)  # another number can follow it
        if _count(value) >= 7:
            yield match.start(), match.start() + len(value)
        elif (_count(whole) >= 9 and "+" in match[0] and has_length(whole)) or PHONE_LABELS.precede(
            match.start(), text
        ):
            yield match.span()


def _find_north_american(text: str) -> Iterator[Span]:
    after = -1
    for match in _NORTH_AMERICAN.finditer(text):
        start, end = match.span()
        if PHONE_LABELS.precede(start, text) or (
            is_phone_number(match[0], "US") and _is_isolated(start, end, text, after)
        ):
            yield start, end
            after = end


def _find_national(text: str) -> Iterator[Span]:
    position, after = 0, -1
    while match := _NATIONAL.search(text, position):
        start, value = match.start(), match[0]
        position = match.end("first")
        if follows_digits(start, text, after):
            continue
        while _count(value) >= 9 and not _is_national(value):
            value = _LAST_GROUP.sub("", value)  # another number can follow it
        end = start + len(value)
        if _is_series(value) or _CONTINUED.match(text, end):
            continue
        if _count(value) >= 9 and _is_isolated(start, end, text, after):
            yield start, end
            position = after = end


def _is_national(value: str) -> bool:
    return _count(value) <= 12 and not _OTHER_FORM.match(value) and is_national_number(value)


def _is_series(value: str) -> bool:
    """Return whether a number is four or more ascending pairs up to 60, separated alike.

    Lottery numbers, minutes and sizes are such pairs. A hyphen behind the first pair alone is that
    of a telephone number.
    """
    pairs = re.findall(r"\d+", value)
    return (
        len(pairs) >= 4
        and len({*re.findall(r"\D+", value)}) == 1
        and {len(pair) for pair in pairs} == {2}
        and pairs == sorted({*pairs})
        and pairs[-1] <= "60"
    )


def _find_labeled(text: str, candidates: Iterable[re.Match[str]]) -> Iterator[Span]:
    before = None  # end of the last number: its context word holds for the next one too
    for match in candidates:
        start, end = match.span()
        continues = (
            before is not None and start - before <= 12 and _NEXT_NUMBER.match(text, before, start)
        )
        labeled = (
            continues or PHONE_LABELS.precede(start, text) or _is_labeled_behind(start, end, text)
        )
        if labeled and not _OTHER_FORM.match(match[0]):
            yield start, end
            before = end


def _find_unlabeled(text: str, candidates: Iterable[re.Match[str]]) -> Iterator[Span]:
    after = -1
    for match in candidates:
        start, value = match.start(), match[0]
        if _OTHER_FORM.match(value) or not (size := length_in_language(value, start, text)):
            continue
        end = start + size
        if _is_series(value[:size]) or _CONTINUED.match(text, end):
            continue
        if _is_isolated(start, end, text, after):
            yield start, end
            after = end


def _is_labeled_behind(start: int, end: int, text: str) -> bool:
    """Return whether a place follows, as in `415 555 0132 (office)`; digits alone need brackets."""
    return (
        _count(text[start:end]) >= 9
        and not OTHER_NUMBER_WORDS.precede(start, text)
        and not is_quantity(start, end, text)
        and (
            PLACE_IN_BRACKETS.match(text, end) is not None
            or (not text[start:end].isdecimal() and PLACE_AT_END.match(text, end) is not None)
        )
    )


def _is_isolated(start: int, end: int, text: str, after: int) -> bool:
    """Return whether the number is no other kind of number, no quantity, no part of more digits."""
    return not (
        OTHER_NUMBER_WORDS.precede(start, text)
        or is_quantity(start, end, text)
        or follows_digits(start, text, after)
    )


def _with_plus(value: str) -> str:
    """Return the number with a leading + in place of a bracket, space, + or 00."""
    return f"+{value.lstrip('(+ ').removeprefix('00')}"


def _count(value: str) -> int:
    return sum(map(str.isdecimal, value))


PHONE_NUMBER = Recognizer("PHONE_NUMBER", SIX_DIGITS, _find)
