"""Recognize dates of birth and street addresses.

Both are off by default: in captions about public life they are often not private.
"""

import re
from collections.abc import Iterator
from datetime import date

from filters.text_analysis.recognizers.context_words import ContextWords
from filters.text_analysis.recognizers.prefilter import ANY_DIGIT
from filters.text_analysis.recognizers.recognizer import Recognizer, Span

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = (
    r"(?P<month>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    r"|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
)
_DATES = tuple(
    re.compile(rf"(?<![A-Za-z0-9])(?<!\d[-./]){form}(?![A-Za-z0-9])(?![-./]\d)", re.IGNORECASE)
    for form in (
        r"(?P<year>\d{4})(?P<gap>[-./ ])(?P<month>\d\d?)(?P=gap)(?P<day>\d\d?)",
        r"(?P<day>\d\d?)(?P<gap>[-./ ])(?P<month>\d\d?)(?P=gap)(?P<year>\d{4}|\d\d)",
        rf"(?P<day>\d\d?)(?:st|nd|rd|th)?(?: of)?[ -]{_MONTH},?[ -](?P<year>\d{{4}})",
        rf"{_MONTH}[ -](?P<day>\d\d?)(?:st|nd|rd|th)?,? (?P<year>\d{{4}})",
    )
)
_BIRTH_WORDS = ContextWords(
    r"\b(?:born|birth(?: ?date|day)?|date of birth|d\.?o\.?b\.?|b\.|geboren|geb\.|n[ée]e?|nacid[oa]"
    r"|nat[oa])|\*|出生"
)
_STREET = re.compile(
    r"(?<![A-Za-z0-9])(?<!\d[.,])\d{1,6}(?:-?[A-Za-z])? "
    r"(?:(?:N|S|E|W|NE|NW|SE|SW|North|South|East|West)\.? )?"
    r"(?:(?:\d{1,3}(?:st|nd|rd|th)|[A-Z][A-Za-z'.-]{1,24}) ){1,4}"
    r"(?:Street|St|Avenue|Ave|Boulevard|Blvd|Road|Rd|Drive|Dr|Lane|Ln|Court|Ct|Circle|Cir|Place|Pl"
    r"|Terrace|Ter|Way|Parkway|Pkwy|Highway|Hwy|Square|Sq|Trail|Trl|Alley|Aly)(?![A-Za-z])\.?"
    r"(?: (?:N|S|E|W|NE|NW|SE|SW)\b\.?)?"
    r"(?:,? (?:Apt|Apartment|Suite|Ste|Unit|Floor|Fl|#)\.? ?#?[A-Za-z0-9-]{1,6}\b)?"
    r"(?:,? [A-Z][A-Za-z.'-]{1,24}(?: [A-Z][A-Za-z.'-]{1,24}){0,2},? [A-Z]{2} \d{5}(?:-\d{4})?)?"
)


def is_date(year: str, month: str, day: str) -> bool:
    """Return whether the date exists, in a year from 1850 to 2099.

    `month` is an English name or a number; day and month may be swapped if both are numbers. A year
    of two digits is in the 20th century.
    """
    if not month.isdecimal():
        numbers = [(_MONTHS.index(month[:3].lower()) + 1, int(day))]
    else:
        numbers = [(int(month), int(day)), (int(day), int(month))]
    full = int(year) + (1900 if len(year) == 2 else 0)
    return any(_exists(full, *number) for number in numbers)


def _exists(year: int, month: int, day: int) -> bool:
    try:
        date(year, month, day)
    except ValueError:
        return False
    return 1850 <= year < 2100


def _find_dates_of_birth(text: str) -> Iterator[Span]:
    for pattern in _DATES:
        for match in pattern.finditer(text):
            if is_date(match["year"], match["month"], match["day"]) and (
                _BIRTH_WORDS.precede(match.start(), text)
            ):
                yield match.span()


def _find_street_addresses(text: str) -> Iterator[Span]:
    for match in _STREET.finditer(text):
        yield match.span()


DATE_OF_BIRTH = Recognizer("DATE_OF_BIRTH", ANY_DIGIT, _find_dates_of_birth)
STREET_ADDRESS = Recognizer("STREET_ADDRESS", ANY_DIGIT, _find_street_addresses)
