"""Recognize payment card numbers and IBANs by issuer, length and check digits."""

import re
from collections.abc import Iterator
from functools import cache

from filters.text_analysis.recognizers.context_words import OTHER_NUMBER_WORDS
from filters.text_analysis.recognizers.prefilter import FIVE_DIGITS, FOURTEEN_DIGITS
from filters.text_analysis.recognizers.recognizer import Recognizer, Span

# Per issuer: the first and last prefix, and the lengths of its numbers (ISO/IEC 7812; ranges from
# Wikipedia's "Payment card number"). Numbers of 13 digits are left out: few cards still have them,
# but article numbers and times in milliseconds do.
_ISSUERS = (
    ("4", "4", (16, 19)),  # Visa
    ("51", "55", (16,)),  # Mastercard
    ("2221", "2720", (16,)),
    ("34", "34", (15,)),  # American Express
    ("37", "37", (15,)),
    ("6011", "6011", (16, 17, 18, 19)),  # Discover
    ("644", "649", (16, 17, 18, 19)),
    ("65", "65", (16, 17, 18, 19)),
    ("3528", "3589", (16, 17, 18, 19)),  # JCB
    ("300", "305", (14, 16)),  # Diners Club
    ("3095", "3095", (14, 16)),
    ("36", "36", (14, 16)),
    ("38", "39", (14, 16)),
    ("62", "62", (16, 17, 18, 19)),  # UnionPay
    ("81", "82", (16,)),  # UnionPay, RuPay
    ("5018", "5018", (16, 18, 19)),  # Maestro
    ("5020", "5020", (16, 18, 19)),
    ("5038", "5038", (16, 18, 19)),
    ("5893", "5893", (16, 18, 19)),
    ("6304", "6304", (16, 18, 19)),
    ("6759", "6763", (16, 18, 19)),
    ("2200", "2204", (16, 17, 18, 19)),  # Mir
    ("508", "508", (16,)),  # RuPay
    ("606", "608", (16,)),
    ("9792", "9792", (16,)),  # Troy
)
_GAP = r"(?: ?[-. ] ?| ?\n)"
_CARD = re.compile(
    r"(?<![A-Za-z0-9])(?<!(?<!\d)\d[.,])"  # no decimal places
    rf"(?:\d{{14,19}}|\d{{4}}(?:{_GAP}\d{{4}}){{3}}(?:{_GAP}\d{{1,3}}(?!\d))?"
    rf"|\d{{4}}{_GAP}\d{{6}}{_GAP}\d{{4,5}}"
    r"|\d(?P<gap>[ .-])\d(?:(?P=gap)\d){12,17}(?!(?P=gap)\d))"  # 4 5 3 9 ...
    r"(?![A-Za-z0-9])(?!\.\d{1,2}(?!\d))"
)
_TAIL = re.compile(rf"{_GAP}\d{{1,3}}\Z")

# Format after the two check digits, from SWIFT's IBAN registry: n digits, a capitals, c either.
_ACCOUNTS = dict(
    entry.split(":")
    for line in (
        "AD:8n12c AE:19n AL:8n16c AT:16n AZ:4a20c BA:16n BE:12n BG:4a6n8c BH:4a14c BI:23n",
        "BR:23n1a1c BY:4c4n16c CH:5n12c CR:18n CY:8n16c CZ:20n DE:18n DJ:23n DK:14n DO:4c20n",
        "EE:16n EG:25n ES:20n FI:14n FK:2a12n FO:14n FR:10n11c2n GB:4a14n GE:2a16n GI:4a15c",
        "GL:14n GR:7n16c GT:24c HN:4a20n HR:17n HU:24n IE:4a14n IL:19n IQ:4a15n IS:22n",
        "IT:1a10n12c JO:4a4n18c KW:4a22c KZ:3n13c LB:4n20c LC:4a24c LI:5n12c LT:16n LU:3n13c",
        "LV:4a13c LY:21n MC:10n11c2n MD:20c ME:18n MK:3n10c2n MN:16n MR:23n MT:4a5n18c",
        "MU:4a19n3a NI:4a20n NL:4a10n NO:11n OM:3n16c PK:4a16c PL:24n PS:4a21c PT:21n QA:4a21c",
        "RO:4a16c RS:18n RU:14n15c SA:2n18c SC:4a20n3a SD:14n SE:20n SI:15n SK:20n SM:1a10n12c",
        "SO:19n ST:21n SV:4a20n TL:19n TN:20n TR:6n16c UA:6n19c VA:18n VG:4a16n XK:16n YE:4a4n18c",
    )
    for entry in line.split()
)
_COUNTRY = re.compile(r"(?<![A-Za-z0-9])([A-Za-z]{2})[ -]?\d\d(?=[ \n-]?[A-Za-z0-9])")


def is_card(digits: str) -> bool:
    """Return whether prefix and length belong to a card issuer and the check digit is right."""
    return passes_luhn(digits) and any(
        first <= digits[: len(first)] <= last and len(digits) in lengths
        for first, last, lengths in _ISSUERS
    )


def passes_luhn(digits: str) -> bool:
    """Return whether the Luhn check digit is right (ISO/IEC 7812-1, annex B)."""
    doubled = (sum(divmod(2 * int(digit), 10)) for digit in digits[-2::-2])
    return (sum(map(int, digits[::-2])) + sum(doubled)) % 10 == 0


def is_iban(value: str) -> bool:
    """Return whether `value`, without spaces, has its country's format and right check digits.

    The rearranged number must be 1 modulo 97 (ISO 13616).
    """
    pattern = _account_pattern(value[:2].upper())
    if pattern is None or not pattern.fullmatch(value, 4) or not value[2:4].isdecimal():
        return False
    rearranged = value[4:] + value[:4]
    return int("".join(str(int(char, 36)) for char in rearranged)) % 97 == 1


def _find_cards(text: str) -> Iterator[Span]:
    for match in _CARD.finditer(text):
        start, end = match.span()
        if OTHER_NUMBER_WORDS.precede(start, text):
            continue
        if is_card(_digits(match[0])):
            yield start, end
        elif (tail := _TAIL.search(match[0])) and is_card(_digits(match[0][: tail.start()])):
            yield start, start + tail.start()  # the digits after it are the security code


def _find_ibans(text: str) -> Iterator[Span]:
    for match in _COUNTRY.finditer(text):
        pattern = _account_pattern(match[1].upper())
        account = pattern and pattern.match(text, match.end())
        if account and is_iban(re.sub(r"[ \n-]", "", text[match.start() : account.end()])):
            yield match.start(), account.end()


@cache
def _account_pattern(country: str) -> re.Pattern[str] | None:
    """Return the pattern of a country's account numbers; None for an unknown country.

    The pattern matches letters in either case, and single separators.
    """
    if country not in _ACCOUNTS:
        return None
    kinds = {"n": "[0-9]", "a": "[A-Za-z]", "c": "[A-Za-z0-9]"}
    parts = re.findall(r"(\d+)([nac])", _ACCOUNTS[country])
    form = "".join(rf"(?:[ \n-]?{kinds[kind]}){{{count}}}" for count, kind in parts)
    return re.compile(rf"{form}(?![A-Za-z0-9])")


def _digits(text: str) -> str:
    return "".join(filter(str.isdecimal, text))


CREDIT_CARD_NUMBER = Recognizer("CREDIT_CARD_NUMBER", FOURTEEN_DIGITS, _find_cards)
IBAN_CODE = Recognizer("IBAN_CODE", FIVE_DIGITS, _find_ibans)
