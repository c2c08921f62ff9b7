"""Drop or quarantine texts with words or phrases from a list of the operator's own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from pydantic import Field, NonNegativeInt

from filters.base import Judge, TextFilter
from filters.limits import Limit
from filters.text_analysis.word_list import WordMatcher, read_entries
from schemas.path_text import PathText
from schemas.resources import Resources
from schemas.sample import Text
from schemas.verdict import Verdict, drop, keep, quarantine


class Words(TextFilter):
    """Keep texts with at most `max_matches` different words or phrases of a list.

    Words match whole and in any case, after the normalization of the rule filters.
    """

    thresholds: ClassVar = frozenset({"max_matches", "action"})
    kind: Literal["words"] = "words"
    """The name of this filter."""
    path: PathText = Field(min_length=1)
    """A text file with one word or phrase per line; a line that begins with `#` is a comment.

    `*` at either end of a line lets the word go on there: `casino*` also matches `casinos`.
    """
    action: Literal["drop", "quarantine"] = "drop"
    """What happens to a sample, or to an answer, with more matches."""
    max_matches: NonNegativeInt = 0
    """The most different listed words and phrases of a text that is kept, inclusive."""

    def files(self) -> tuple[str, ...]:
        return (self.path,)

    def check(self, resources: Resources) -> None:
        read_entries(resources, self.path)

    def load(self, resources: Resources) -> Judge[Text]:
        return _Judge(self, WordMatcher(read_entries(resources, self.path)))

    def decide(self, scores: Mapping[str, float]) -> Verdict | None:
        return self.verdict_on(scores.get("matches", 0))

    def limits(self, score: str) -> tuple[Limit, ...]:
        return (
            (Limit("max_matches", self.max_matches, self.action, inclusive=False),)
            if score == "matches"
            else ()
        )

    def verdict_on(self, matches: float) -> Verdict:
        """Return the verdict on a text with this number of different listed words."""
        scores = {"matches": matches}
        if matches <= self.max_matches:
            return keep(scores)
        rejected = drop if self.action == "drop" else quarantine
        return rejected("word_listed", scores)


@dataclass(frozen=True, slots=True)
class _Judge:
    """A judge that counts the listed words of texts."""

    filter: Words
    matcher: WordMatcher

    def judge(self, items: Sequence[Text]) -> list[Verdict]:
        return [self.filter.verdict_on(len(self.matcher.find(item.value))) for item in items]
