"""Recognize numbers that states give to people: US SSN and ITIN, passports, driver's licenses."""

import re
from collections.abc import Callable, Iterator

from filters.text_analysis.quick_scans import count_digits
from filters.text_analysis.recognizers.context_words import (
    OTHER_NUMBER_WORDS,
    ContextWords,
    is_quantity,
)
from filters.text_analysis.recognizers.prefilter import FIVE_DIGITS, NINE_DIGITS
from filters.text_analysis.recognizers.recognizer import Recognizer, Span, follows_digits

# Numbers printed in advertisements or on specimen cards (ssa.gov/history/ssn/misused.html).
_SPECIMENS = {"078051120", "219099999", "457555462"}
_US_NUMBER = re.compile(
    r"(?<![A-Za-z0-9_])(?<!\d[-.])(?P<area>\d{3})(?P<gap>[-. ]| - | ?\n|)"
    r"(?P<group>\d\d)(?P=gap)(?P<serial>\d{4})(?![A-Za-z0-9_])(?!\.\d|-[A-Z0-9]{1,4}\b)"
)
_SSN_WORDS = ContextWords(
    r"\bssn\b|\bss(?=#| ?no\b)|\bsocial (?:security|insurance)|\bsoc\.? ?sec\b"
)
_ITIN_WORDS = ContextWords(r"\bi?tin\b|\btax ?(?:payer)?(?: identification)?")

_PASSPORT_WORDS = ContextWords(
    r"\bpassports?|\bpasseport|\breisepass|\bpasaporte|\bpassaporte|\bpassaporto|\bpaspoort|\bpaszport"
    r"|\bpass(?= ?-?(?:no|nr|num))|паспорт|护照|護照|旅券|パスポート|여권"
)
_PASSPORT_PARTS = (
    "pas",
    "паспорт",
    "护照",
    "護照",
    "旅券",
    "パスポート",
    "여권",
)  # one is in each word
_PASSPORT = re.compile(
    r"(?<![A-Za-z0-9])(?=(?:[A-Z]*\d){5})(?:[A-Z0-9]{6,10}|[A-Z]{1,2} \d{6,8}|\d\d \d\d \d{6})"
    r"(?![A-Za-z0-9])"
)
# The machine-readable zone of a passport has two lines, the name in the first (ICAO Doc 9303-4).
_MRZ = re.compile(
    r"(?<![A-Z0-9<])(?:P[A-Z<][A-Z<]{42}\s{1,2})?"
    r"(?P<line>[A-Z0-9<]{9}\d[A-Z<]{3}\d{7}[MFX<]\d{7}[A-Z0-9<]{14}[0-9<]\d)(?![A-Z0-9<])"
)
_MIN_MRZ_DIGITS = 16  # a birth date, an expiry date, their check digits, and two more
_LICENSE_WORDS = ContextWords(
    r"(?:\bdriv(?:er'?s?'?|ing) ?licen[sc]e|\bdl(?:n|id)?\b|\bd\.l\.)(?:[ (]{1,2}[a-z]{2}\b\)?)?"
)
_LICENSE_PARTS = ("licen", "dl", "d.l.")  # one is in each word
_LICENSE = re.compile(
    r"(?<![A-Za-z0-9])(?=(?:[A-Z -]{0,4}\d){5})[A-Z0-9](?:(?:-| (?=\d))?[A-Z0-9]){5,17}"
    r"(?![A-Za-z0-9])"
)
_DATE = re.compile(r"(?:19|20)\d\d[- ](?:(?:19|20)\d\d|[01]\d[- ][0-3]\d)\Z")


def is_ssn(area: str, group: str, serial: str) -> bool:
    """Return whether the Social Security Administration can have issued the number to a person.

    It issues no area 000, 666 or 900-999, no group 00 and no serial 0000
    (ssa.gov/employer/randomization.html). The known specimen numbers do not count.
    """
    return (
        area not in ("000", "666")
        and area < "900"
        and group != "00"
        and serial != "0000"
        and area + group + serial not in _SPECIMENS
    )


def is_itin(area: str, group: str, serial: str) -> bool:
    """Return whether the IRS can have issued the number.

    The IRS issues areas 900-999 with groups 50-65, 70-88, 90-92 and 94-99 (irs.gov).
    """
    return area >= "900" and (
        "50" <= group <= "65" or "70" <= group <= "88" or (group >= "90" and group != "93")
    )


def is_mrz_line(line: str) -> bool:
    """Return whether the check digits of a passport's second line are right (ICAO 9303-3, 4.9)."""
    fields = ((line[:9], line[9]), (line[13:19], line[19]), (line[21:27], line[27]))
    return all(_check_digit(value) == digit for value, digit in fields)


def _check_digit(value: str) -> str:
    numbers = (0 if char == "<" else int(char, 36) for char in value)
    return str(sum(number * (7, 3, 1)[index % 3] for index, number in enumerate(numbers)) % 10)


def _find_ssns(text: str) -> Iterator[Span]:
    yield from _find_us_numbers(text, is_ssn, _SSN_WORDS)


def _find_itins(text: str) -> Iterator[Span]:
    yield from _find_us_numbers(text, is_itin, _ITIN_WORDS)


def _find_us_numbers(
    text: str, is_issued: Callable[[str, str, str], bool], words: ContextWords
) -> Iterator[Span]:
    """Find nine digits that follow a context word, or that are grouped as 3, 2 and 4 digits.

    Without a context word, the groups must not be separated by dots, and the number must not be a
    quantity, part of more digits or some other kind of number.
    """
    after = -1
    for match in _US_NUMBER.finditer(text):
        start, end = match.span()
        if is_issued(match["area"], match["group"], match["serial"]) and (
            words.precede(start, text)
            or not (
                match["gap"] in ("", ".")
                or OTHER_NUMBER_WORDS.precede(start, text)
                or is_quantity(start, end, text)
                or (match["gap"] == " " and follows_digits(start, text, after))
            )
        ):
            yield start, end
            after = end


def _find_passports(text: str) -> Iterator[Span]:
    lower = text.lower()
    numbers = _PASSPORT.finditer(text) if any(map(lower.__contains__, _PASSPORT_PARTS)) else ()
    for match in numbers:
        if _PASSPORT_WORDS.precede(match.start(), text) and not _DATE.match(match[0]):
            yield match.span()
    for match in _MRZ.finditer(text) if count_digits(text) >= _MIN_MRZ_DIGITS else ():
        if is_mrz_line(match["line"]):
            yield match.span()


def _find_licenses(text: str) -> Iterator[Span]:
    lower = text.lower()
    if not any(map(lower.__contains__, _LICENSE_PARTS)):
        return
    for match in _LICENSE.finditer(text):
        if _LICENSE_WORDS.precede(match.start(), text) and not _DATE.match(match[0]):
            yield match.span()


US_SOCIAL_SECURITY_NUMBER = Recognizer("US_SOCIAL_SECURITY_NUMBER", NINE_DIGITS, _find_ssns)
US_INDIVIDUAL_TAXPAYER_IDENTIFICATION_NUMBER = Recognizer(
    "US_INDIVIDUAL_TAXPAYER_IDENTIFICATION_NUMBER", NINE_DIGITS, _find_itins
)
PASSPORT = Recognizer("PASSPORT", FIVE_DIGITS, _find_passports)
US_DRIVERS_LICENSE_NUMBER = Recognizer("US_DRIVERS_LICENSE_NUMBER", FIVE_DIGITS, _find_licenses)
