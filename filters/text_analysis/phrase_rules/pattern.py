"""Patterns of words, and rules made of them: each rule has examples that tests check.

A pattern is a line of elements, separated by spaces:

    word          the word itself, in lower case
    SLOT          one of the words and patterns of a slot (see slots.py)
    one|OTHER     one of several words and slots
    element?      the element may be missing
    element*4     up to four such elements
    ..3           up to three words of any kind
    ...3          up to three words, which may be in different sentences
    .             the end of a sentence or clause
    ^             the start of the text, of a sentence or of a quotation; only at the beginning

Elements match whole words, with spaces, commas or quotation marks between them.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

_BETWEEN = r"""[ ,"“”«»'‘’()*]+"""
_BETWEEN_SENTENCES = r"""[ ,"“”«»'‘’()*.!?:;…–—]+"""
_NEXT_SENTENCE = r"""[ "”»'’)]*[,.!?:;…–—][ "“«'‘(.]*"""
_END = r"""(?=[ "”»'’)]*(?:[,.!?:;…–—|]|$))"""
_START = r"""(?:(?<=^ )|(?<=[.!?:;…,"“«–—|] )|(?<=["“«(]))"""
_BEFORE, _AFTER = r"(?<!\w)(?<!\w['’])", r"(?!\w|['’] ?\w)"  # "girls" is not in "girls' shoes"
_WORD = r"[\w'’]+"
_LETTERS = re.compile(r"\w+")
_ELEMENT = re.compile(r"(?P<what>[^?*]+)(?:(?P<optional>\?)|\*(?P<most>\d+))?")

Slots = Mapping[str, Sequence[str]]


def compile_pattern(pattern: str, slots: Slots) -> str:
    """Return the regular expression of a pattern.

    Raises ValueError if the pattern names no slot of `slots` or has an element that is unknown.
    """
    regex, ending, has_required, following = "", "", False, _BETWEEN
    elements = pattern.split(" ")
    if elements[0] == "^":
        regex = _START
        elements.pop(0)
    if elements[-1] == ".":
        ending = _END
        elements.pop()
    for element in elements:
        between = _BETWEEN
        if element == ".":
            following = _NEXT_SENTENCE
            continue
        if element.startswith(".."):
            if element.startswith("..."):
                between = following = _BETWEEN_SENTENCES
            repeated, most, optional = _WORD, int(element.lstrip(".")), False
        else:
            parsed = _ELEMENT.fullmatch(element)
            if parsed is None:
                raise ValueError(f"{pattern!r} has an element that is unknown: {element!r}")
            repeated = _one_of(parsed["what"], slots)
            most, optional = int(parsed["most"] or 0), bool(parsed["optional"])
        count = f"{{0,{most}}}" + ("?" if element.startswith("..") else "") if most else "?"
        if not (most or optional):
            regex += (following if has_required else "") + repeated
            has_required = True
            following = _BETWEEN
        elif has_required:
            regex += f"(?:{between}{repeated}){count}"
        else:
            regex += f"(?:{repeated}{between}){count}"
    if not has_required:
        raise ValueError(f"{pattern!r} has only elements that may be missing")
    return regex + ending


def required_words(pattern: str, slots: Slots) -> tuple[frozenset[str], ...]:
    """Return sets of words: a text in which a pattern is found has a word of each set.

    Of a phrase, the set has the first word, as `words_of` finds it. Small sets come first.
    """
    required = (
        _ELEMENT.fullmatch(element)
        for element in pattern.split(" ")
        if element not in ("^", ".") and not element.startswith("..")
    )
    sets = (
        _first_words(parsed["what"], slots)
        for parsed in required
        if parsed and not (parsed["optional"] or parsed["most"])
    )
    return tuple(sorted(filter(None, sets), key=len))


def _first_words(what: str, slots: Slots) -> frozenset[str]:
    """Return the words that an element begins with; an empty set if it may begin with any word."""
    words: set[str] = set()
    for part in what.split("|"):
        for each in slots[part] if part.isupper() else (part,):
            if each == each.lower():
                first = words_of(each)[:1]
            else:
                first = list(next(iter(required_words(each, slots)), ()))
            if not first:
                return frozenset()
            words.update(first)
    return frozenset(words)


def words_of(text: str) -> list[str]:
    """Return the words of a folded text; an apostrophe ends a word."""
    return _LETTERS.findall(text)


def _one_of(what: str, slots: Slots) -> str:
    words, patterns = [], []
    for part in what.split("|"):
        if part.isupper() and part not in slots:
            raise ValueError(f"there is no slot {part}")
        for each in slots[part] if part.isupper() else (part,):
            if each == each.lower():
                words.append(each)
            else:
                patterns.append(compile_pattern(each, slots))
    if words:
        patterns.append(f"{_BEFORE}(?:{_words(words)}){_AFTER}")
    return f"(?:{'|'.join(patterns)})"


def _words(words: Iterable[str]) -> str:
    return "|".join(map(re.escape, sorted(words, key=len, reverse=True)))


@dataclass(frozen=True)
class PhraseRule:
    """A rule: its patterns, and texts in which one of them must be found, or none."""

    name: str
    patterns: tuple[str, ...]
    examples: tuple[str, ...]
    counterexamples: tuple[str, ...]
    score: float = 0.0
    anchors: tuple[str, ...] = ()  # words and slots; every text with the phrase has one of them
    slots: Slots = field(default_factory=dict, repr=False)

    @cached_property
    def regex(self) -> re.Pattern[str]:
        """The regular expression that finds any of the patterns in a folded text."""
        return re.compile("|".join(compile_pattern(each, self.slots) for each in self.patterns))

    @cached_property
    def _required_words(self) -> tuple[tuple[frozenset[str], ...], ...]:
        return tuple(required_words(each, self.slots) for each in self.patterns)

    def may_match(self, words: frozenset[str]) -> bool:
        """Return whether `regex` may be found in a text with these words; much faster."""
        return any(not any(map(words.isdisjoint, required)) for required in self._required_words)

    @cached_property
    def anchor_words(self) -> frozenset[str]:
        """The anchors, their slots replaced by the words and phrases of the slots."""
        words = [
            word
            for anchor in self.anchors
            for word in (self.slots[anchor] if anchor.isupper() else (anchor,))
        ]
        return frozenset(words)
