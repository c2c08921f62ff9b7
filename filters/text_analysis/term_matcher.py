"""Find the terms of the term lists in a text, even if the terms are disguised."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache

import ahocorasick

from filters.text_analysis.chunk_scan import scan
from filters.text_analysis.disguises import undisguised
from filters.text_analysis.normalization import NormalizedText, fold_confusables, normalize
from filters.text_analysis.term_lists import (
    groups,
    innocent,
    insults,
    minors,
    sexual,
    sexual_acts,
    sexual_classes,
    sexual_plain,
    slurs,
    spam_hints,
    threats,
    vulgar,
)
from filters.text_analysis.term_lists.term import PAIRS, Term
from filters.text_analysis.term_prefilter import TermPrefilter

_CACHE_SIZE = 512  # texts; consecutive filters judge the same chunk of samples
_MAX_CACHED_LENGTH = 2_000  # characters of a text whose matches are cached

# Scripts without spaces between words: a term may begin and end anywhere in them.
_UNSPACED = re.compile(
    r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u309f\u3400-\u9fff\uf900-\ufaff]"
)
_KATAKANA = re.compile(r"[\u30a1-\u30ff\u31f0-\u31ff]")  # except inside a Katakana word

_LATIN = re.compile("[a-z]")
_MIN_DISGUISED_LENGTH = 4  # with three characters, too many such as A55 or F4G match by chance


@dataclass(frozen=True, slots=True)
class TermMatch:
    """A term found in one variant of a text: the folded text, or one with disguises undone.

    `fold_text` returns the folded text.
    """

    term: Term
    variant: str = field(repr=False)
    start: int
    end: int

    def before(self, length: int) -> str:
        """Return up to `length` characters before the match."""
        return self.variant[max(self.start - length, 0) : self.start]

    def after(self, length: int) -> str:
        """Return up to `length` characters after the match."""
        return self.variant[self.end : self.end + length]


class TermMatcher:
    """A matcher that finds all terms in one Aho-Corasick pass, whatever the number of terms."""

    def __init__(self, terms: Iterable[Term]) -> None:
        by_text: dict[str, list[Term]] = {}
        for term in terms:
            text = fold_text(term.text).strip()
            by_text.setdefault(text, []).append(term)
            # The variant without accents needs its innocent phrases too.
            if term.kind == "innocent" and not text.isascii():
                by_text.setdefault(fold_confusables(NormalizedText(text)).text, []).append(term)
        self._automaton = ahocorasick.Automaton()
        for text, same_text in by_text.items():
            self._automaton.add_word(text, (len(text), tuple(same_text)))
        self._automaton.make_automaton()
        self.prefilter = TermPrefilter(
            {text: {term.kind for term in same_text} for text, same_text in by_text.items()}
        )
        self.unspaced = {text.replace(" ", ""): text for text in by_text}  # without spaces -> with

    def find(self, variant: str, disguised: str = "") -> list[TermMatch]:
        """Find the terms in the variant at word boundaries, except inside innocent phrases.

        Terms of a pair of kinds are left out of a variant that has only one of both.

        `disguised` is given for a variant in which characters were replaced or removed: the text
        before the replacement if positions are the same, else the variant itself. With `disguised`,
        only English terms count, and only if the matched span of `disguised` has at least
        `_MIN_DISGUISED_LENGTH` characters and two letters.
        """
        found: list[tuple[tuple[Term, ...], int, int]] = []
        innocent: list[tuple[int, int]] = []
        for last, (length, terms) in self._automaton.iter(variant):
            start, end = last + 1 - length, last + 1
            if is_inside_word(variant[start - 1], variant[start]) or is_inside_word(
                variant[last], variant[end]
            ):
                continue
            if terms[0].kind == "innocent":
                innocent.append((start, end))
            elif not disguised or _can_be_disguised(terms[0], disguised[start:end]):
                found.append((terms, start, end))
        if not found:
            return []
        kinds = {term.kind for terms, _, _ in found for term in terms}
        alone = {kind for pair in PAIRS if not kinds.issuperset(pair) for kind in pair}
        matches = [
            TermMatch(term, variant, start, end)
            for terms, start, end in found
            for term in terms
            if term.kind not in alone
        ]
        if innocent and matches:
            matches = list(_outside(matches, innocent))
        return matches if len(matches) < 2 else list(_longest(matches))


def find_terms(text: str) -> tuple[TermMatch, ...]:
    """Find all terms in a text except words for children, which `find_child_terms` finds."""
    return _find_terms_cached(text) if len(text) <= _MAX_CACHED_LENGTH else _find_terms(text)


def may_have_terms(texts: Sequence[str]) -> Sequence[bool]:
    """Return for each text whether `find_terms` may find something.

    The result is kept for the next filter that judges the same texts.
    """
    return _may_have_terms(tuple(texts))


@lru_cache(maxsize=2)
def _may_have_terms(texts: tuple[str, ...]) -> Sequence[bool]:
    scanned = scan(texts)
    prefilter = _term_matcher().prefilter
    return [
        disguised or prefilter.passes(form, mixed)  # a text without a form may be disguised
        for form, disguised, mixed in zip(
            scanned.forms, scanned.disguised, scanned.mixed, strict=True
        )
    ]


def find_child_terms(variant: str) -> list[tuple[int, int]]:
    """Return the spans of words for children and of ages below 18 in a variant, in order."""
    spans = [(match.start, match.end) for match in _child_term_matcher().find(variant)]
    return sorted([*spans, *(match.span() for match in minors.AGE.finditer(variant))])


def fold_text(text: str) -> str:
    """Normalize to lower-case NFKC with one space between words and one at either end."""
    if text.isascii():
        text = text.lower()
    else:
        text = normalize(text.casefold()).text.lower()
        text = text.replace("’", "'").replace("ʼ", "'").replace("ё", "е")
    text = text.replace("-", " ").replace("_", " ")
    if "  " in text or not text.isprintable():  # a line break is not printable
        text = " ".join(text.split())
    return f" {text} "


def _find_terms(text: str) -> tuple[TermMatch, ...]:
    matcher = _term_matcher()
    plain = fold_text(text)
    matches = matcher.find(plain)
    base = plain
    if not plain.isascii() and _LATIN.search(plain):
        base = fold_confusables(NormalizedText(plain)).text
        if base != plain:
            matches += matcher.find(base, base)
    for variant, disguised in undisguised(base, matcher.unspaced):
        if disguised or variant != plain:
            matches += matcher.find(variant, disguised)
    return tuple(matches)


_find_terms_cached = lru_cache(_CACHE_SIZE)(_find_terms)


@cache
def _term_matcher() -> TermMatcher:
    lists = (
        *(sexual, sexual_acts, sexual_classes, sexual_plain, spam_hints, vulgar),
        *(slurs, insults, threats, groups, innocent),
    )
    return TermMatcher(term for term_list in lists for term in term_list.TERMS)


@cache
def _child_term_matcher() -> TermMatcher:
    return TermMatcher(minors.TERMS)


def is_inside_word(left: str, right: str) -> bool:
    """Return whether two neighboring characters belong to the same word."""
    if not (left.isalpha() and right.isalpha()):
        return False
    if left.isascii() and right.isascii():
        return True
    if _UNSPACED.match(left) or _UNSPACED.match(right):
        return False
    return bool(_KATAKANA.match(left)) == bool(_KATAKANA.match(right))


def _can_be_disguised(term: Term, written: str) -> bool:
    """Return whether `written` counts as a disguised spelling of the term."""
    return (
        term.language in ("en", "any")
        and len(written) >= _MIN_DISGUISED_LENGTH
        and sum(map(str.isalpha, written)) >= 2
    )


def _outside(
    matches: Iterable[TermMatch], innocent: Sequence[tuple[int, int]]
) -> Iterator[TermMatch]:
    """Yield the matches that lie in no innocent phrase; matches and phrases are sorted by end."""
    following = 0
    for match in matches:
        while following < len(innocent) and innocent[following][1] < match.end:
            following += 1
        # Only a phrase that ends no earlier can cover the match, if it begins no later.
        if not any(start <= match.start for start, _ in innocent[following : following + 3]):
            yield match


def _longest(matches: Iterable[TermMatch]) -> Iterator[TermMatch]:
    """Yield the matches that lie in no longer match of the same kind, sorted by their starts.

    Of several terms with the same letters, the first one of each language is yielded.
    """
    ends: dict[str, int] = {}  # kind -> end of its last match
    languages: dict[tuple[int, int, str], set[str]] = {}  # of matches, by start, end and kind
    for match in sorted(matches, key=lambda match: (match.start, -match.end)):
        term = match.term
        spelling = match.start, match.end, term.kind
        if match.end > ends.get(term.kind, 0):
            ends[term.kind] = match.end
        elif spelling not in languages or term.language in languages[spelling]:
            continue
        languages.setdefault(spelling, set()).add(term.language)
        yield match
