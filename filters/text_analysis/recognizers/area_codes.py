"""Telephone numbers with a hyphen behind the area code and spaces in the rest, however grouped."""

import re
from collections.abc import Iterable
from functools import lru_cache

import phonenumbers

from filters.text_analysis.recognizers.national_formats import national_formats, trunk_prefix
from filters.text_analysis.recognizers.numbering_plans import parse

# The trunk prefix may have a hyphen of its own before the area code, as in Hungary.
_HYPHENATED = re.compile(
    r"(?P<area>(?:\d{1,2}[-/ ])?\(?\d{1,5}\)?) ?[-/] ?\d{2,4}(?: \d{2,4}){1,3}\Z"
)
# Region, a language or script of the texts around it, and numbers that have this form.
EXAMPLES = """
AT de: 01-512 34 56, 0316-82 34 56, 0664-12 34 567
BE fr: 02-21 23 456, 0475-12 34 56
BG cyrillic: 02-912 34 56
CZ cs: 585-91 84 73, 608-91 84 27
DE de: 030-28 74 91 36, 030-12 34 56, 0221-47 38 291, 0176-91 84 27 35
EC es: 099-123 45 67
FI fi: 09-12 34 56, 09-123 45 67, 040-12 34 567
HR hr: 01-21 23 456, 091-21 23 456
HU hu: 06-1-234 56 78, 06-30-91 84 273
IT it: 011-56 12 345, 02-837 492 61, 338-47 29 156
NL nl: 020-62 41 973, 06-518 372 94, 06/51 837 294
PL pl: 22-63 41 897, 691-38 25 74
PT pt: 21-384 72 96, 917-38 42 65
RO ro: 021-21 23 456
RS cyrillic: 011-31 23 456, 063-12 34 567
SE sv: 08-14 47 48, 08-123 45 67, 031-12 34 56, 070-12 34 567
SI hr: 02-21 23 456
SK cs: 0903-12 34 56
UA cyrillic: 050-21 23 456
VE es: 0412-123 45 67
VN vi: 0236-35 91 847
"""


def region_of(value: str, evidence: Iterable[str]) -> str | None:
    """Return a region of these languages and scripts that writes the number with a hyphen so.

    A hyphen or slash stands behind the area code of the region, and only spaces behind it.
    """
    form = _HYPHENATED.match(value)
    if form is None:
        return None
    area = re.sub(r"\D", "", form["area"])
    regions = sorted({region for name in evidence for region in _regions_of(name)})
    return next((region for region in regions if _is_area_code(area, value, region)), None)


@lru_cache(maxsize=64)
def _regions_of(name: str) -> frozenset[str]:
    """Return the regions that write telephone numbers in texts in a language or script."""
    forms = (form for group in national_formats().values() for form in group)
    return frozenset(form.region for form in forms if name in form.evidence)


@lru_cache(maxsize=4096)
def _is_area_code(area: str, value: str, region: str) -> bool:
    """Return whether the region has the number, and `area` is its trunk prefix and area code."""
    number = parse(value, region)
    if number is None or not phonenumbers.is_valid_number_for_region(number, region):
        return False
    size = phonenumbers.length_of_national_destination_code(number)
    code = phonenumbers.national_significant_number(number)[:size]
    return bool(code) and area in (code, trunk_prefix(region) + code)
