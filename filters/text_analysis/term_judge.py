"""The judge that the term-rule filters share: match terms, score them, decide."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from filters.text_analysis.language_detection import detect_language, is_supported
from filters.text_analysis.language_tables import NEIGHBORS, SupportedLanguage
from filters.text_analysis.term_matcher import TermMatch, find_terms, may_have_terms
from schemas.sample import Text
from schemas.verdict import Verdict, indeterminate, keep

_CLEAN = keep()
_STRONG = 0.9  # weight of a term that hardly ever has another meaning, in any language
_ALWAYS = ("suggestive", "abuse")  # kinds that decide about children: none is left out
# Strong terms that are names or common words in other languages.
_HARMLESS_IN = {"kike": ("es",), "kikes": ("es",)}


@dataclass(frozen=True, slots=True)
class TermJudge:
    """A judge of texts by the terms that match in them.

    A text for which `decide` returns None, and a text without terms, is kept if its language is
    supported; else it is indeterminate. The term lists are loaded with the first text.
    """

    languages: Collection[SupportedLanguage]
    # Called with at least one match; scores of 0 are left out.
    score: Callable[[Sequence[TermMatch]], dict[str, float]]
    decide: Callable[
        [Mapping[str, float]], Verdict | None
    ]  # None: all scores are below the thresholds

    def judge(self, items: Sequence[Text]) -> list[Verdict]:
        may_have = may_have_terms([item.value for item in items])
        return [
            self._judge(item, find_terms(item.value) if may else ())
            for item, may in zip(items, may_have, strict=True)
        ]

    def _judge(self, text: Text, matches: tuple[TermMatch, ...]) -> Verdict:
        if not matches and is_supported(text, self.languages):
            return _CLEAN  # most captions
        matches = in_its_language(text, matches)
        scores = self.score(matches) if matches else {}
        if scores and (verdict := self.decide(scores)):
            return verdict
        if not is_supported(text, self.languages):
            return indeterminate("language_unsupported", scores)
        return keep(scores) if scores else _CLEAN


def in_its_language(text: Text, matches: tuple[TermMatch, ...]) -> tuple[TermMatch, ...]:
    """Return the matches that count in the text's language; all if its language is not known.

    Terms of the language, terms that are used in any language, and strong terms of every language
    count: "retard" is a slur in English, and means "delay" in French.
    """
    if all(_counts_everywhere(match) for match in matches):
        return matches
    language = text.language.partition("-")[0] or detect_language(text.value)
    if not language:
        return matches
    return tuple(match for match in matches if _counts_in(match, language))


def _counts_everywhere(match: TermMatch) -> bool:
    term = match.term
    if term.language == "any" or term.kind in _ALWAYS:
        return True
    return term.weight >= _STRONG and term.text not in _HARMLESS_IN


def _counts_in(match: TermMatch, language: str) -> bool:
    if match.term.language in (language, *NEIGHBORS.get(language, ())):
        return True
    return _counts_everywhere(match) or (
        match.term.weight >= _STRONG and language not in _HARMLESS_IN.get(match.term.text, ())
    )
