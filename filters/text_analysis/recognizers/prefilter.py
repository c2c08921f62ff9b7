"""Cheap tests that tell for most texts that a recognizer finds nothing in them."""

import re
from collections.abc import Iterable
from functools import cache

import ahocorasick

_DIGITS = b"0123456789"
_OTHER_SIGNS = rb"@%&[](){}<>_:*-."
_REMOVED = bytes(code for code in range(256) if code not in _DIGITS + _OTHER_SIGNS)


class Signs:
    """What prefilters ask of a normalized text: its digits, signs and words.

    `signs` are its ASCII digits and the signs that prefilters name, as bytes, in order. `words` are
    the words of all prefilters that the text has, in any case, in lower case.
    """

    __slots__ = ("_words", "digits", "signs", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.signs = text.encode("utf-8", "surrogatepass").translate(None, _REMOVED)
        self.digits = len(self.signs) - len(self.signs.translate(None, _DIGITS))
        self._words: frozenset[str] | None = None

    @property
    def words(self) -> frozenset[str]:
        if self._words is None:
            self._words = frozenset(word for _, word in _automaton().iter(self.text.lower()))
        return self._words


class Prefilter:
    """A cheap test that a text passes if it may have a match.

    A text passes if it has one of `words`, or one of `any_case` in any case, or if the pattern is
    found. The pattern is only tried on a text with at least `min_digits` digits, with one of the
    characters `signs`, and with one of the characters `repeated` twice, as far as they are given.
    """

    def __init__(
        self,
        pattern: str,
        *,
        min_digits: int = 0,
        signs: str = "",
        repeated: str = "",
        words: tuple[str, ...] = (),
        any_case: tuple[str, ...] = (),
    ) -> None:
        self._search = re.compile(pattern).search
        self._min_digits = min_digits
        self._signs = frozenset(signs.encode("ascii"))
        self._repeated = repeated.encode("ascii")
        self._words = words
        self._any_case = frozenset(any_case)
        self.lower_words = self._any_case.union(map(str.lower, words))
        ALL_WORDS.update(self.lower_words)

    def passes(self, text: Signs) -> bool:
        """Return whether the text may have a match."""
        if (
            text.digits >= self._min_digits
            and not (self._signs and self._signs.isdisjoint(text.signs))
            and (not self._repeated or _is_repeated(self._repeated, text.signs))
            and self._search(text.text)
        ):
            return True
        if not self.lower_words or self.lower_words.isdisjoint(text.words):
            return False
        return not self._any_case.isdisjoint(text.words) or any(
            word in text.text for word in self._words
        )


ALL_WORDS: set[str] = set()  # of all prefilters, in lower case


@cache
def _automaton() -> ahocorasick.Automaton:
    """Return an automaton that finds the words of all prefilters in one pass."""
    automaton = ahocorasick.Automaton()
    for word in ALL_WORDS:
        automaton.add_word(word, word)
    automaton.make_automaton()
    return automaton


def _is_repeated(candidates: Iterable[int], signs: bytes) -> bool:
    return any(signs.count(sign) > 1 for sign in candidates)


_KEY_WORDS = ("AKIA", "ASIA", "ABIA", "ACCA", "A3T", "ABSK", "AIza", "eyJ")
# Parts of the words for the sign @, in lower case. "ät" alone is in the middle of German words.
_AT_PARTS = (
    *("arrob", "arob", "chiocc", "apenst", "klammer", " ät ", "ät)", "ät]", "собак", "małp"),
    *("zavin", "kukac", "snabel", "miuku"),
)
# What a text without digits and @ needs for any match.
NO_DIGITS = Prefilter(
    r"[_-][A-Za-z0-9_-]{12}|-----|[0-9A-Fa-f]{2}[:-][0-9A-Fa-f]{2}[:-]|(?:-u|--user) "
    r"|[\[({<_*-]\s?[aA][tT][\s\])}>_*-]|[dD][oO][tT][\s\])}>_*-]",
    signs="[](){}<>_:*-",
    words=(*_KEY_WORDS, "earer ", "EARER ", "oken "),
    any_case=("dot", *_AT_PARTS),
)


def may_match(text: Signs) -> bool:
    """Return whether any recognizer may find something.

    A text may match if it has a digit, a sign or word for "at" or "dot", a hyphen or underscore
    inside a long word, or the beginning of a key.
    """
    return text.digits > 0 or b"@" in text.signs or NO_DIGITS.passes(text)


_FEW_DIGITS = r"[0-9](?:[^\w\n]{0,3}\s?[0-9]){5}"
# Six digits, with punctuation or spaces between them.
SIX_DIGITS = Prefilter(_FEW_DIGITS, min_digits=6)
# The same in texts with at least 9 digits, and with at least 14.
NINE_DIGITS = Prefilter(_FEW_DIGITS, min_digits=9)
FOURTEEN_DIGITS = Prefilter(_FEW_DIGITS, min_digits=14)
# Five digits, with letters, spaces or hyphens between them.
FIVE_DIGITS = Prefilter(r"[0-9](?:[A-Za-z \n-]{0,6}[0-9]){4}", min_digits=5)
ANY_DIGIT = Prefilter("", min_digits=1)
# Decimal or hexadecimal bytes of an IP or MAC address.
NETWORK_ADDRESS = Prefilter(
    r"\d\.\d{1,3}\.\d|[0-9A-Fa-f]{2}[:-][0-9A-Fa-f]{2}[:-]|:[0-9A-Fa-f]{0,4}:|[0-9a-f]{4}\.",
    repeated=".:-",
)
# A sign or a word for "at", or the word "dot".
EMAIL_SIGN = Prefilter(
    r"[\[({<_-] ?[aA][tT] ?[\])}>_-]",
    signs="[({<_-",
    any_case=("@", "%40", "&#64;", "dot ", *_AT_PARTS),
)
# A long word with a separator, as in keys and tokens, or a word that introduces one.
CREDENTIAL = Prefilter(
    r"[_.-][A-Za-z0-9_-]{12}|:[^\s:]{1,64}@|:AA[A-Za-z0-9_-]|-u |--user |-----BEGIN",
    signs="_.:-",
    words=(*_KEY_WORDS, "hooks.slack", "AGE-S", "GR1348941"),
    any_case=("bearer", "basic ", "passw", "pwd", "secret", "token", "key", "sig"),
)
