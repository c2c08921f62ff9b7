"""The judge that the term-rule filters share: match terms, score them, decide."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from filters.text_analysis.language_detection import SupportedLanguage, is_supported
from filters.text_analysis.term_matcher import TermMatch, find_terms
from schemas.sample import Text
from schemas.verdict import Verdict, indeterminate, keep

_CLEAN = keep()


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
        return [self._judge(item) for item in items]

    def _judge(self, text: Text) -> Verdict:
        matches = find_terms(text.value)
        scores = self.score(matches) if matches else {}
        if scores and (verdict := self.decide(scores)):
            return verdict
        if not is_supported(text, self.languages):
            return indeterminate("language_unsupported", scores)
        return keep(scores) if scores else _CLEAN
