"""Tell quickly from the words of a text's ASCII form that it has no term, as most captions."""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping

from filters.text_analysis.ascii_form import ascii_form
from filters.text_analysis.quick_scans import ascii_words
from filters.text_analysis.term_lists.term import PAIRS, Kind

_LETTERS = re.compile(rb"[a-z]+")
# Words that captions without terms have too.
_COMMON = frozenset(
    b"a and are as at be but by for from go has have he her him his i in is it m me my no not of"
    b" off on or our out she so t that the their them they to up us was we were will with you"
    b" your".split()
)
_Table = dict[bytes, list[frozenset[bytes]]]  # one word of terms -> their other words


class TermPrefilter:
    """A test that the ASCII form of every text with terms passes.

    Terms without an ASCII form are in no text that has one. Each run of letters in a matched term
    is a whole word of the text, because a term begins and ends at the boundaries of words. Terms
    of a pair of kinds, such as words for groups and words of attacks, count together only.
    """

    def __init__(self, kinds: Mapping[str, Iterable[Kind]]) -> None:
        """`kinds` maps folded terms to their kinds."""
        paired = {kind for pair in PAIRS for kind in pair}
        terms = {kind: set[tuple[bytes, ...]]() for kind in (*paired, "alone")}
        for term, its_kinds in kinds.items():
            form = ascii_form(term)
            for kind in its_kinds if form else ():
                if kind != "innocent":
                    words = _LETTERS.findall(form.encode("ascii"))
                    terms[kind if kind in terms else "alone"].add(tuple(words))
        self._alone = _table(terms["alone"])
        self._pairs = [(_table(terms[one]), _table(terms[other])) for one, other in PAIRS]

    def passes(self, text: str, mixed: bool) -> bool:
        """Return whether a text with this ASCII form may have terms, apart from disguised ones.

        `mixed` tells whether the text has digits beside letters.
        """
        words = ascii_words(text)
        if mixed:
            words = _LETTERS.findall(b" ".join(words))
        return _may_have(self._alone, words) or any(
            _may_have(one, words) and _may_have(other, words) for one, other in self._pairs
        )


def _table(terms: Collection[tuple[bytes, ...]]) -> _Table:
    """List each term under one of its words, so that few words decide about many terms."""
    table: _Table = {words[0]: [frozenset()] for words in terms if len(words) == 1}
    longer = [words for words in terms if table.keys().isdisjoint(words)]
    uses = Counter(word for words in longer for word in words)
    for words in sorted(longer):
        word = max(words, key=lambda word: (word not in _COMMON, uses[word], len(word)))
        table.setdefault(word, []).append(frozenset(words) - {word})
    return table


def _may_have(table: _Table, words: Collection[bytes]) -> bool:
    """Return whether the words of any of the terms are among the words."""
    if table.keys().isdisjoint(words):
        return False
    for word in words:
        for others in table.get(word, ()):
            if not others or others.issubset(words):
                return True
    return False
