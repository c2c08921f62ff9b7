"""A list of words and phrases of the operator's own, matched in texts as whole words."""

from collections.abc import Iterable

import ahocorasick

from filters.list_file import open_list
from filters.text_analysis.term_matcher import fold_text, is_inside_word
from schemas.errors import JobError
from schemas.resources import Resources

# A listed text, folded, and whether a word may go on before and after it.
Entry = tuple[str, bool, bool]


def read_entries(resources: Resources, path: str) -> list[Entry]:
    """Read a list with one word or phrase per line; raise JobError, which begins with `path`.

    Empty lines and lines that begin with `#` are left out. No error quotes a line.
    """
    entries: list[Entry] = []
    with open_list(resources, path) as text:
        for number, line in enumerate(text, 1):
            line = line.strip()
            if not line or line.startswith("#"):
                continue
            before, after = line.startswith("*"), line.endswith("*")
            word = fold_text(line.strip("*")).strip()
            if not any(map(str.isalnum, word)):
                raise JobError(
                    f"path: line {number} of {path} has no letter and no digit: remove it"
                )
            if "*" in word:
                raise JobError(
                    f"path: line {number} of {path} has a * between other characters: "
                    "write it at either end alone"
                )
            entries.append((word, before, after))
    if not entries:
        raise JobError(f"path: {path} lists no word: fill it")
    return entries


class WordMatcher:
    """A matcher of a list in one Aho-Corasick pass: the time is linear in the text's length."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        by_word: dict[str, set[tuple[bool, bool]]] = {}
        for word, before, after in entries:
            by_word.setdefault(word, set()).add((before, after))
        self._automaton = ahocorasick.Automaton()
        for word, ends in by_word.items():
            self._automaton.add_word(word, (word, tuple(sorted(ends))))
        self._automaton.make_automaton()

    def find(self, text: str) -> set[str]:
        """Return the different listed words and phrases, folded, that the text has."""
        folded = fold_text(text)
        found: set[str] = set()
        for last, (word, ends) in self._automaton.iter(folded):
            if word in found:
                continue
            start = last + 1 - len(word)
            goes_on_before = _in_one_word(folded[start - 1], folded[start])
            goes_on_after = _in_one_word(folded[last], folded[last + 1])
            if any(
                (before or not goes_on_before) and (after or not goes_on_after)
                for before, after in ends
            ):
                found.add(word)
        return found


def _in_one_word(left: str, right: str) -> bool:
    """Return whether two neighboring characters belong to the same word or number."""
    if left.isalpha() and right.isalpha():
        return is_inside_word(left, right)
    return left.isalnum() and right.isalnum()
