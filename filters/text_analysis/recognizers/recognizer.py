"""What a recogniser is, and the cheap signs that say which of them a text is worth showing to."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

Span = tuple[int, int]  # of characters, [start, end)

# What stands in every text that any recogniser finds something in, for 1 µs a caption: a digit, a
# sign or word for "at" or "dot", a joint inside of a long word, the beginning of a key.
ANY = re.compile(
    r"[0-9@]|[_-][A-Za-z0-9_-]{12}|-----|A[KS]IA|AIza|eyJ|earer |EARER "
    r"|[\[({<_*-]\s?[aA][tT][\s\])}>_*-]"
    r"|[dD][oO][tT][\s\])}>_*-]"
)
# Six digits in a row, but for signs between them.
DIGITS = re.compile(r"\d(?:[^\w\n]{0,3}\s?\d){5}")
# Five digits, with signs or letters between them.
CODES = re.compile(r"\d(?:[A-Za-z \n-]{0,6}\d){4}")
# Bytes in decimal or hexadecimal, as addresses have them.
BYTES = re.compile(
    r"\d\.\d{1,3}\.\d|[0-9A-Fa-f]{2}[:-][0-9A-Fa-f]{2}[:-]|:[0-9A-Fa-f]{0,4}:|[0-9a-f]{4}\."
)
# A sign for "at", or a word in its place.
AT = re.compile(r"@|%40|&#64;|[\[({<_-] ?at ?[\])}>_-]|\bdot ", re.IGNORECASE)
# A long word with a joint as keys and tokens have, or a word that leads to one.
TOKENS = re.compile(
    r"[_.-][A-Za-z0-9_-]{12}|:[^\s:]{1,64}@|A[KSB]IA|ACCA|hooks\.slack|A3T|AIza|eyJ|AGE-S"
    r"|-----BEGIN|(?i:bearer|basic |passw|pwd|secret|token|key|sig)"
)


def follows_digits(start: int, text: str, after: int) -> bool:
    """Whether a digit and a space stand before it, not of the match that ended at `after`."""
    return (
        start >= 2
        and start - 1 != after
        and text[start - 1] in " \n"
        and text[start - 2].isdecimal()
    )


@dataclass(frozen=True, slots=True)
class Recogniser:
    """Finds one kind of personal data in normalised text, in time linear in its length."""

    infotype: str
    sign: re.Pattern[str]  # found in every text that holds a match
    find: Callable[[str], Iterator[Span]]
