"""The recognizer of one kind of personal data, and cheap prefilters that skip most texts."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

Span = tuple[int, int]  # positions of characters, [start, end)


class Prefilter:
    """A cheap test that a text passes if it may have a match.

    A text passes if it has one of `words`, or one of `any_case` in any case, or if the pattern is
    found. A pattern whose search is slow is only tried on a text with one of the characters
    `signs`.
    """

    def __init__(
        self,
        pattern: str,
        signs: str = "",
        words: tuple[str, ...] = (),
        any_case: tuple[str, ...] = (),
        ignore_case: bool = False,
    ) -> None:
        self._signs = re.compile(f"[{signs}]" if signs else "")
        self._pattern = re.compile(pattern, re.IGNORECASE if ignore_case else 0)
        self._words = words
        self._any_case = any_case

    def passes(self, text: str) -> bool:
        """Return whether the text may have a match."""
        if self._signs.search(text) and self._pattern.search(text):
            return True
        for word in self._words:
            if word in text:
                return True
        if self._any_case:
            lower = text.lower()
            for word in self._any_case:
                if word in lower:
                    return True
        return False


_KEY_WORDS = ("AKIA", "ASIA", "ABIA", "ACCA", "A3T", "ABSK", "AIza", "eyJ")
# Parts of the words for the sign @, in lower case. "ät" alone is in the middle of German words.
AT_PARTS = (
    *("arrob", "arob", "chiocc", "apenst", "klammer", " ät ", "ät)", "ät]", "собак", "małp"),
    *("zavin", "kukac", "snabel", "miuku"),
)
_DIGIT_OR_AT = re.compile("[0-9@]")
_NO_DIGITS = Prefilter(
    r"[_-][A-Za-z0-9_-]{12}|-----|[0-9A-Fa-f]{2}[:-][0-9A-Fa-f]{2}[:-]|(?:-u|--user) "
    r"|[\[({<_*-]\s?[aA][tT][\s\])}>_*-]|[dD][oO][tT][\s\])}>_*-]",
    signs=r"\[\](){}<>_:*-",
    words=(*_KEY_WORDS, "earer ", "EARER ", "oken "),
    any_case=("dot", *AT_PARTS),
)


def may_match(text: str) -> bool:
    """Return whether any recognizer may find something; takes 1 µs for most captions.

    A text may match if it has a digit, a sign or word for "at" or "dot", a hyphen or underscore
    inside a long word, or the beginning of a key.
    """
    return _DIGIT_OR_AT.search(text) is not None or _NO_DIGITS.passes(text)


# Six digits, with punctuation or spaces between them.
SIX_DIGITS = Prefilter(r"[0-9](?:[^\w\n]{0,3}\s?[0-9]){5}")
# Five digits, with letters, spaces or hyphens between them.
FIVE_DIGITS = Prefilter(r"[0-9](?:[A-Za-z \n-]{0,6}[0-9]){4}")
ANY_DIGIT = Prefilter(r"\d", signs=r"\d")
# Decimal or hexadecimal bytes of an IP or MAC address.
NETWORK_ADDRESS = Prefilter(
    r"\d\.\d{1,3}\.\d|[0-9A-Fa-f]{2}[:-][0-9A-Fa-f]{2}[:-]|:[0-9A-Fa-f]{0,4}:|[0-9a-f]{4}\.",
    signs=".:-",
)
# A sign or a word for "at", or the word "dot".
EMAIL_SIGN = Prefilter(
    r"@|%40|&#64;|[\[({<_-] ?at ?[\])}>_-]|\bdot ",
    signs=r"@%&\[(\]){}<>_-",
    any_case=("dot ", *AT_PARTS),
    ignore_case=True,
)
# A long word with a separator, as in keys and tokens, or a word that introduces one.
CREDENTIAL = Prefilter(
    r"[_.-][A-Za-z0-9_-]{12}|:[^\s:]{1,64}@|:AA[A-Za-z0-9_-]|-u |--user |-----BEGIN",
    signs="_.:-",
    words=(*_KEY_WORDS, "hooks.slack", "AGE-S", "GR1348941"),
    any_case=("bearer", "basic ", "passw", "pwd", "secret", "token", "key", "sig"),
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
    prefilter: Prefilter  # every text in which `find` finds something passes
    find: Callable[[str], Iterator[Span]]
