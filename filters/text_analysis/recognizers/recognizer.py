"""The recognizer of one kind of personal data, and cheap prefilters that skip most texts."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

Span = tuple[int, int]  # positions of characters, [start, end)

# Matches in every text in which any recognizer finds something; takes 1 µs per caption. It looks
# for a digit, a sign or word for "at" or "dot", a hyphen or underscore inside a long word, or the
# beginning of a key.
ANY_PREFILTER = re.compile(
    r"[0-9@]|[_-][A-Za-z0-9_-]{12}|-----|A[KSB]IA|ACCA|A3T|ABSK|AIza|eyJ|earer |EARER "
    r"|[0-9A-Fa-f]{2}[:-][0-9A-Fa-f]{2}[:-]|(?:-u|--user|[Tt]oken) "
    r"|[\[({<_*-]\s?[aA][tT][\s\])}>_*-]"
    r"|[dD][oO][tT][\s\])}>_*-]"
)
# Six digits, with punctuation or spaces between them.
SIX_DIGITS = re.compile(r"\d(?:[^\w\n]{0,3}\s?\d){5}")
# Five digits, with letters, spaces or hyphens between them.
FIVE_DIGITS = re.compile(r"\d(?:[A-Za-z \n-]{0,6}\d){4}")
# Decimal or hexadecimal bytes of an IP or MAC address.
NETWORK_ADDRESS = re.compile(
    r"\d\.\d{1,3}\.\d|[0-9A-Fa-f]{2}[:-][0-9A-Fa-f]{2}[:-]|:[0-9A-Fa-f]{0,4}:|[0-9a-f]{4}\."
)
# A sign or a word for "at", or the word "dot".
EMAIL_SIGN = re.compile(r"@|%40|&#64;|[\[({<_-] ?at ?[\])}>_-]|\bdot ", re.IGNORECASE)
# A long word with a separator, as in keys and tokens, or a word that introduces one.
CREDENTIAL = re.compile(
    r"[_.-][A-Za-z0-9_-]{12}|:[^\s:]{1,64}@|A[KSB]IA|ACCA|hooks\.slack|A3T|AIza|eyJ|AGE-S"
    r"|:AA[A-Za-z0-9_-]|GR1348941|ABSK|-u |--user "
    r"|-----BEGIN|(?i:bearer|basic |passw|pwd|secret|token|key|sig)"
)


def follows_digits(start: int, text: str, after: int) -> bool:
    """Return whether a digit and a space come before `start`.

    The match that ended at `after` does not count.
    """
    return (
        start >= 2
        and start - 1 != after
        and text[start - 1] in " \n"
        and text[start - 2].isdecimal()
    )


@dataclass(frozen=True, slots=True)
class Recognizer:
    """A recognizer of one infotype in normalized text, in time linear in the text's length."""

    infotype: str
    prefilter: re.Pattern[str]  # matches in every text in which `find` finds something
    find: Callable[[str], Iterator[Span]]
