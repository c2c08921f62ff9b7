"""Recognize telephone numbers without a label, in formats of the countries of a text's language."""

import re
from collections.abc import Iterable
from functools import lru_cache

import phonenumbers

from filters.text_analysis.language_models import eldc_scores
from filters.text_analysis.recognizers.area_codes import region_of
from filters.text_analysis.recognizers.context_words import AMOUNT_WORDS
from filters.text_analysis.recognizers.national_formats import (
    NationalFormat,
    group_sizes,
    has_trunk_prefix,
    national_formats,
)
from filters.text_analysis.recognizers.numbering_plans import parse
from filters.text_analysis.recognizers.phone_labels import PLACE_IN_BRACKETS
from filters.text_analysis.scripts import letters_by_script

_MIN_SCORE = 0.65  # of a language, in eldc
_MAX_GAP = 0.08  # to the best language: Norwegian and Danish, or Spanish and Portuguese
_MIN_LETTERS = 2  # of a script
# A word with a colon, or a word that leads to a number or a person: "message to", "mensaje al".
_LEAD_IN = re.compile(
    r"(?:[^\W\d_]\s?[:：]|\b(?:al|au|auf|ao|til|till|na|naar|nr|numer|no|på|to|sub|su|om|op|unter|en|em"
    r"|pelo|meg|meille|la|le|il|es|este|ist|is|er|je|jest|on|número|numero|num[ée]ro|número es))"
    r"\s{0,2}\(?\Z",
    re.IGNORECASE,
)
_GROUP = re.compile(r"\d+")
_LEAD_IN_REACH = 24  # characters


def length_in_language(number: str, start: int, text: str) -> int:
    """Return the length of the telephone number with which `number`, at `start` in text, begins.

    A number is found if a country of the text's language writes telephone numbers so, and has it.
    In texts in Latin letters, a number without a trunk prefix or brackets, or without groups, must
    be marked by a colon or a word such as "to", because quantities and other numbers have the same
    form. The length is 0 if there is no number.
    """
    formats = national_formats()
    ends = [match.end() for match in _GROUP.finditer(number)]
    sizes = group_sizes(number)
    for count in range(len(ends), 0, -1):  # another number can follow it
        value = number[: ends[count - 1]]
        for form in formats.get(sizes[:count], ()):
            if _is_written_so(value, form, start, text):
                return len(value)
        if _has_area_code(value, start, text):
            return len(value)
    return 0


def _is_written_so(value: str, form: NationalFormat, start: int, text: str) -> bool:
    found = form.evidence & languages_and_scripts(text)
    if not found or (form.has_prefix and not has_trunk_prefix(form.region, value)):
        return False
    is_plain = value.isdecimal() or not (form.has_prefix or "(" in value)
    if is_plain and _is_latin(found) and not is_marked(start, start + len(value), text):
        return False
    return _is_valid(value, form.region)


def _has_area_code(value: str, start: int, text: str) -> bool:
    """Return whether a region of the text's language writes the number behind its area code."""
    names = languages_and_scripts(text)
    region = region_of(value, names)
    if region is None:
        return False
    is_plain = not (has_trunk_prefix(region, value) or "(" in value)
    return not (is_plain and _is_latin(names)) or is_marked(start, start + len(value), text)


def _is_latin(names: Iterable[str]) -> bool:
    return any(len(name) == 2 for name in names)  # languages, not scripts


@lru_cache(maxsize=4096)
def _is_valid(value: str, region: str) -> bool:
    number = parse(value, region)
    return number is not None and phonenumbers.is_valid_number_for_region(number, region)


def is_marked(start: int, end: int, text: str) -> bool:
    """Return whether a colon, a word such as "to", or a place such as "(office)" marks a number."""
    if PLACE_IN_BRACKETS.match(text, end):
        return True
    before = max(0, start - _LEAD_IN_REACH)
    leads = _LEAD_IN.search(text, before, start) is not None
    return leads and not AMOUNT_WORDS.precede(start, text)


@lru_cache(maxsize=64)
def languages_and_scripts(text: str) -> frozenset[str]:
    """Return the scripts of a text, or its most likely languages if all its letters are Latin."""
    if not text.isascii():
        counts = letters_by_script(text[:1000])
        scripts = {name for name, count in counts.items() if count >= _MIN_LETTERS}
        if others := scripts - {"latin", "other"}:
            return frozenset(others)
    scores = eldc_scores(text[:1000])
    least = max(_MIN_SCORE, scores.score - _MAX_GAP)
    return frozenset(name for name, score in scores.ranking.items() if score >= least)
