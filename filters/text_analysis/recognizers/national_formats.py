"""National formats of telephone numbers, by the languages and scripts of the texts around them."""

import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

import phonenumbers

# Region, languages (of texts in Latin letters) or scripts, and an example of each format. A number
# has the format of an example if it has the same numbers of digits in its groups, and the trunk
# prefix if the example has it; the separators do not matter. Years ("1899-1945") and quantities of
# two groups have the form of some numbers of eight digits, which are therefore left out.
_FORMATS = """
RU cyrillic: (3012) 21-34-56, (34356) 2-12-34, 8 (34356) 2-12-34
RU cyrillic: 8 (301) 212-34-56, 8 (8352) 21-23-45, 8 800 555 3535, 89161234567, (495) 212-34-56
KZ cyrillic: 8 (727) 212-34-56, 8 701 123 4567, 87011234567
UA cyrillic: (044) 212-34-56, 067 212 3456, 0 800 123 456, 0671234567, (0432) 61-23-45
BY cyrillic: 8 (029) 212-34-56, (029) 212-34-56, 80292123456
BG cyrillic: 02 912 3456, 0888 123 456, 088 812 3456, 0888 12 34 56, 0888123456
RS cyrillic hr sr sl bs: 011 3123456, 063 123456, 064 123 4567, 021 412 345
MK cyrillic: 070 212 345, 02 312 3456
GR greek: 2310 48 72 16, 210 684 27 19, 210 68 42 719
GR greek: 210 684 2719, 2310 487 216, 2610 372849, 210 9364187, 6978314256
IL hebrew: 03-512-3456, 054-212-3456, 03-5123456, 054-2123456, 0542123456
EG arabic: 0100 123 4567, 02 34567890, 01001234567, 010 0123 4567, 010 01234567
SA arabic: 051 234 5678, 0512 345 678, 011 234 5678, 0512345678, 051 2345678
AE arabic: 050 123 4567, 04 234 5678, 0501234567, 050 1234567
JO arabic: 07 9012 3456, 079 0123456, 0790123456
IQ arabic: 0791 234 5678, 07912345678
MA arabic fr: 0650-123456, 06 50 12 34 56, 0650123456
IR arabic: 0912 345 6789, 021 2345 6789, 09123456789
PK arabic: 0301 2345678, 03012345678
IN devanagari tamil telugu kannada malayalam gujarati gurmukhi bengali oriya en hi: 98184 27359
IN devanagari tamil telugu kannada malayalam gujarati gurmukhi bengali oriya: 9818427359
IN devanagari tamil telugu kannada malayalam gujarati gurmukhi bengali oriya: 022-24123456
IN devanagari tamil telugu kannada malayalam gujarati gurmukhi bengali oriya: 011 2345 6789
NP devanagari: 984-1234567, 01-4123456, 9841234567
BD bengali: 01812-345678, 01812345678
TH thai: 02-274-8136, 053-218-749, 089-417-3625, 0-2618-3947, 08-9417-3625, 0863914725, 089-4173625
KR hangul: 02-312-3456, 02-2123-4567, 010-2123-4567, 062-591-8473, 01021234567
CN han: 138 1234 5678, 13812345678, 010-82345678, 0571-85918473, 010 8234 5678, 400-812-3456
CN han: 0571 8591 8473, 0551-63123456
TW han: 02-2345-6789, 0912-345-678, 0912345678, 07-312-3456
JP kana han: 03-3234-5678, 090-1234-5678, 09012345678, 045-591-8473, 0467-31-2345, 0120-123-456
GE georgian: 555 12 34 56, 555 123 456, 032 212 34 56
AM armenian: 077 123456, 010 12 34 56, 077 12 34 56
NL nl: 06-12345678, 06 1234 5678, 06 12 34 56 78, 020 624 1973, 020-6241973, 0575 38 41 92
NL nl: 0318 521764, 0318 521 764, 010 413 27 88, 0612345678
BE nl fr: 0470 12 34 56, 02 212 34 56, 056 21 23 45, 0470 123 456, 0470123456
DE de: 030 28749136, 0221 4738291, 0162 4739185, 0176 9184 2735, 0171 212 34 56, 01573 8429617
DE de: 0441 923456, 06221 12 34 56, 0711 918 42 73, 017691842735
AT de: 01 5123456, 0664 1234567, 0664 123 45 67
CH de fr it: 044 212 34 56, 079 212 34 56, 0792123456
FR fr: 05 61 93 84 27, 0561938427
ES es ca gl eu: 954 718 236, 91 437 28 16, 954 71 82 36, 671938452
MX es: 55 5284 7193, 222 123 4567, 5552847193
AR es: 011 4123-4567, 0341 412-3456, 11 2345-6789
CO es: 310 212 3456, 601 212 3456, 3102123456
CL es: 9 8123 4567, 2 2345 6789
PE es: 987 654 321, 01 212 3456
VE es: 0412-1234567
EC es: 099 123 4567
PT pt: 917 384 265, 21 384 7296, 917384265
BR pt: (21) 2748-3916, (85) 99183-4726, 0800 123 4567
IT it: 02 8374 9261, 081 5918 473, 055 2847391, 338 472 9156, 347 8291635, 0541 312345
IT it: 081 591 8473, 800 123 456, 3384729156
PL pl: 22 634 18 97, 691 382 574, 691382574
CZ cs sk: 585 918 473, 608918427
SK sk cs: 02/322 123 45, 0903 123 456, 031/552 12 34
HU hu: 06 46 591 847, 06 30 918 4273, 06 1 234 5678, 06 30 9184273, 06 46 591847
RO ro: 0232 591 847, 0751 918 427, 021 212 3456, 0751 91 84 27, 0751918427
HR hr sr sl bs: 091 212 3456, 01 2123 456, 01 212 3456, 0912123456
SI sl hr: 031 123 456, 01 212 34 56
BA hr sr bs: 061 123 456, 033 212 345
SE sv: 018-59 18 47, 070-212 34 56, 08-123 456 78, 0702-12 34 56, 070-2123456, 0702123456
NO no nb nn da: 22 12 34 56, 412 34 567
DK da no nb: 98 15 91 84
FI fi: 09 2123456, 045 918 4273, 040 2123456, 08 591 8473, 0400 212 345, 0400 212 34 56
FI fi: 0400 21 23 45
TR tr: 0242 591 84 73, 0532 212 3456, (532) 212 34 56, 0 532 212 34 56, 05322123456
VN vi: 024 3826 4197, 0912 345 678, 0236 3591 847, 098 734 2165, 0912345678
ID id ms: 0274-591847, 0821-9184-2735, 021-52345678, 021 5234 5678, 0812 3456 789, 081234567890
MY ms id en: 012-345 6789, 03-2123 4567, 012-3456789
PH tl en: 0917 123 4567
NG en: 0803 123 4567
LT lt: 8 612 34567
"""


class NationalFormat(NamedTuple):
    """A format in which a region writes telephone numbers."""

    region: str
    evidence: frozenset[str]  # languages and scripts of the texts that have it
    example: str
    has_prefix: bool  # whether numbers begin with the trunk prefix, as in 020 7946 0123


@cache
def national_formats() -> dict[tuple[int, ...], tuple[NationalFormat, ...]]:
    """Return the formats by the numbers of digits in their groups."""
    formats = defaultdict[tuple[int, ...], list[NationalFormat]](list)
    for form in _read():
        formats[group_sizes(form.example)].append(form)
    return {sizes: tuple(group) for sizes, group in formats.items()}


def _read() -> Iterator[NationalFormat]:
    for line in _FORMATS.strip().splitlines():
        head, examples = line.split(": ")
        region, *evidence = head.split()
        for example in examples.split(", "):
            prefixed = has_trunk_prefix(region, example)
            yield NationalFormat(region, frozenset(evidence), example, prefixed)


def group_sizes(number: str) -> tuple[int, ...]:
    return tuple(map(len, re.findall(r"\d+", number)))


def has_trunk_prefix(region: str, number: str) -> bool:
    """Return whether the digits begin with the trunk prefix of the region; in Italy, with 0."""
    return re.sub(r"\D", "", number).startswith(trunk_prefix(region))


@cache
def trunk_prefix(region: str) -> str:
    """Return the trunk prefix of a region; 0 if it has none."""
    metadata = phonenumbers.PhoneMetadata.metadata_for_region(region)
    return (metadata and metadata.national_prefix) or "0"
