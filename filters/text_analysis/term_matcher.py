"""Finding listed terms in a text, disguised ones too."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache

import ahocorasick

from filters.text_analysis import normalization as normalisation
from filters.text_analysis.normalization import Normalised, normalise
from filters.text_analysis.term_lists import (
    innocent,
    insults,
    minors,
    sexual,
    slurs,
    threats,
    vulgar,
)
from filters.text_analysis.term_lists.term import Term

_REMEMBERED = 512  # findings of texts, for filters in a row judge the same chunk of samples
_SHORT = 2_000  # characters of a text whose findings are remembered

# Scripts without spaces between words: any place in them may be a boundary.
_UNSPACED = re.compile(
    r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u309f\u3400-\u9fff\uf900-\ufaff]"
)
_KATAKANA = re.compile(r"[\u30a1-\u30ff\u31f0-\u31ff]")  # ... but not in a word of Katakana

_LATIN = re.compile("[a-z]")
# A digit or sign between letters, before two or after two: f4ck, @sshole; not 1080p or A55.
_LEET = re.compile(r"[013457@$](?:(?<=[a-z]{2}.)|(?=[a-z]{2})|(?<=[a-z].)(?=[a-z]))|!(?=[a-z])")
_LEET_I = str.maketrans("034571!@$", "oeastiias")
_LEET_L = str.maketrans("034571!@$", "oeastllas")  # both are met
_STRETCHED = re.compile(r"([a-z])\1\1+")
# Letters one by one, between the same few signs: s p a c e d, d.o.t.t.e.d.
_SPACED_SIGN = re.compile(r"[ .*+/|,][^\W\d_][ .*+/|,][^\W\d_](?![^\W\d_])")
_SPACED = re.compile(r"(?<![^\W\d_])[^\W\d_](?:[ .*+/|,][^\W\d_](?![^\W\d_])){2,}")
_DISGUISED_LENGTH = 4  # letters: of three, too many are A55 or F4G by chance
_OTHER_SIGNS = str.maketrans({"’": "'", "ʼ": "'", "ё": "е"})


@dataclass(frozen=True, slots=True)
class Hit:
    """A term in one view of a text (the text as it is, or undisguised)."""

    term: Term
    view: str = field(repr=False)
    start: int
    end: int

    def before(self, length: int) -> str:
        """Up to so many characters that precede it."""
        return self.view[max(self.start - length, 0) : self.start]

    def after(self, length: int) -> str:
        return self.view[self.end : self.end + length]


class Finder:
    """Finds terms in folded text, in one walk over it, however many they are."""

    def __init__(self, terms: Iterable[Term]) -> None:
        listed: dict[str, list[Term]] = {}
        for term in terms:
            listed.setdefault(fold(term.text).strip(), []).append(term)
        self._automaton = ahocorasick.Automaton()
        for text, same in listed.items():
            self._automaton.add_word(text, (len(text), tuple(same)))
        self._automaton.make_automaton()
        self.joined = {text.replace(" ", ""): text for text in listed}  # without their spaces

    def hits(self, view: str, disguised: str = "") -> list[Hit]:
        """What stands in the view with boundaries around it and outside of innocent phrases.

        Of a view that undoes a disguise only English terms that are long enough count, and none
        that was mere digits in the text it was made from, `disguised`.
        """
        found: list[Hit] = []
        innocent: list[tuple[int, int]] = []
        for last, (length, terms) in self._automaton.iter(view):
            start, end = last + 1 - length, last + 1
            if _joined(view[start - 1], view[start]) or _joined(view[last], view[end]):
                continue
            if terms[0].kind == "innocent":
                innocent.append((start, end))
            elif not disguised or _is_disguise(terms[0], disguised[start:end]):
                found += [Hit(term, view, start, end) for term in terms]
        if innocent and found:
            found = list(_outside(found, innocent))
        return found if len(found) < 2 else list(_outermost(found))


def find(text: str) -> tuple[Hit, ...]:
    """All listed terms in a text but the words for children, which `find_minors` gives."""
    return _remembered(text) if len(text) <= _SHORT else _find(text)


def find_minors(view: str) -> list[tuple[int, int]]:
    """Where in a view words for children or ages below 18 stand, in order."""
    spans = [(hit.start, hit.end) for hit in _minors().hits(view)]
    return sorted([*spans, *(match.span() for match in minors.AGE.finditer(view))])


def fold(text: str) -> str:
    """Lower case in Unicode's compatibility form, words one space apart and one around all."""
    if text.isascii():
        text = text.lower()
    else:
        text = normalise(text.casefold()).text.lower().translate(_OTHER_SIGNS)
    text = text.replace("-", " ").replace("_", " ")
    if "  " in text or not text.isprintable():  # a line break is not
        text = " ".join(text.split())
    return f" {text} "


def _find(text: str) -> tuple[Hit, ...]:
    finder = _finder()
    plain = fold(text)
    hits = finder.hits(plain)
    base = plain
    if not plain.isascii() and _LATIN.search(plain):
        base = normalisation.fold(Normalised(plain)).text
        if base != plain:
            hits += finder.hits(base, base)
    if _LEET.search(base):
        hits += finder.hits(base.translate(_LEET_I), base)
        if "1" in base or "!" in base:
            hits += finder.hits(base.translate(_LEET_L), base)
    if _STRETCHED.search(base):
        for kept in (r"\1", r"\1\1"):
            view = _STRETCHED.sub(kept, base)
            hits += finder.hits(view, view)
    if _SPACED_SIGN.search(base):
        view = _SPACED.sub(lambda run: _despaced(run[0], finder.joined), base)
        hits += finder.hits(view)
    return tuple(hits)


_remembered = lru_cache(_REMEMBERED)(_find)


@cache
def _finder() -> Finder:
    lists = (sexual, vulgar, slurs, insults, threats, innocent)
    return Finder(term for each in lists for term in each.TERMS)


@cache
def _minors() -> Finder:
    return Finder(minors.TERMS)


def _joined(before: str, after: str) -> bool:
    """Whether two neighbours belong to one word."""
    if not (before.isalpha() and after.isalpha()):
        return False
    if before.isascii() and after.isascii():
        return True
    if _UNSPACED.match(before) or _UNSPACED.match(after):
        return False
    return bool(_KATAKANA.match(before)) == bool(_KATAKANA.match(after))


def _is_disguise(term: Term, written: str) -> bool:
    return (
        term.language == "en"
        and len(written) >= _DISGUISED_LENGTH
        and sum(map(str.isalpha, written)) >= 2
    )


def _outside(hits: Iterable[Hit], innocent: list[tuple[int, int]]) -> Iterator[Hit]:
    """The hits that lie in no innocent phrase; both come in the order of their ends."""
    following = 0
    for hit in hits:
        while following < len(innocent) and innocent[following][1] < hit.end:
            following += 1
        # Of the phrases that end later, one that covers the hit begins before it.
        if not any(start <= hit.start for start, _ in innocent[following : following + 3]):
            yield hit


def _outermost(hits: Iterable[Hit]) -> Iterator[Hit]:
    """The hits that lie in no longer one of their kind, in the order of their starts."""
    reached: dict[str, int] = {}
    for hit in sorted(hits, key=lambda hit: (hit.start, -hit.end)):
        if hit.end > reached.get(hit.term.kind, 0):
            reached[hit.term.kind] = hit.end
            yield hit


def _despaced(run: str, joined: Mapping[str, str]) -> str:
    """A run of single letters as the term that it spells, else as it was."""
    letters = run[::2]
    if letters in joined:
        return joined[letters]
    if letters[1:] in joined:  # after "a" or "i"
        return f"{letters[0]} {joined[letters[1:]]}"
    return run
