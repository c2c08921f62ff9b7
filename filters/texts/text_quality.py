"""Drop texts that are too short, too long or too repetitive to describe anything."""

import re
from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal, Self

from pydantic import Field, NonNegativeInt, model_validator

from filters.base import Judge, TextFilter, float32
from filters.limits import Limit, highest, lowest
from filters.text_analysis.quick_scans import ascii_words
from schemas.resources import Resources
from schemas.sample import Text
from schemas.verdict import Verdict, drop, keep

# Scripts that are written without spaces between words: Thai, Lao, Myanmar, Khmer, kana and Han.
# A letter with its marks counts as a word.
_UNSPACED = (
    r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    r"\U00020000-\U0003ffff"
)
_UNSPACED_MARKS = (
    r"\u0e31\u0e34-\u0e3a\u0e47-\u0e4e\u0eb1\u0eb4-\u0ebc\u0ec8-\u0ece"
    r"\u102b-\u103e\u1056-\u1059\u105e-\u1060\u1062-\u1064\u1067-\u106d\u1071-\u1074\u1082-\u108d"
    r"\u108f\u109a-\u109d\u17b4-\u17d3\u17dd\u3099\u309a"
)
# Vowel signs and other marks inside words, which \w leaves out: combining diacritics, Hebrew,
# Arabic, and the scripts of India (without their full stop, the danda, which is no mark).
_MARKS = (
    r"\u0300-\u036f\u0591-\u05bd\u05bf-\u05c2\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed"
    r"\u0900-\u0963\u0966-\u0dff\u200c\u200d"
)
# Words of ASCII text are what remains between these characters: half the time of _WORD.
_NO_WORD = {code: " " for code in range(128) if not (chr(code).isalnum() or chr(code) == "_")}
_WORD = re.compile(
    rf"(?:(?![{_UNSPACED_MARKS}])[{_UNSPACED}][{_UNSPACED_MARKS}]*)"
    rf"|[^\W{_UNSPACED}](?:[^\W{_UNSPACED}]|[{_MARKS}])*"
)
_JOINED = re.compile(r"(?<=[^\W\d_])_+(?=[^\W\d_])")  # "red_star", but not "IMG_2041"
# Letters of scripts whose languages write no article as a word of its own: all but Latin and Greek.
_LETTER_WITHOUT_ARTICLES = re.compile(
    r"[^\W\d_\u0000-\u03ff\u1d00-\u1fff\u2c60-\u2c7f\ua720-\ua7ff]"
)
# Letters and punctuation that take two columns: East Asian width W or F (Unicode annex 11).
_WIDE = re.compile(
    r"[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff"
    r"\ufe30-\ufe6b\uff01-\uff60\uffe0-\uffe6\U00020000-\U0003fffd]+"
)


class TextQuality(TextFilter):
    """Keep texts within bounds on words, characters and repetition.

    Words are counted as each script needs: without spaces between words, a letter with its marks
    counts as a word, and letters joined by underscores are words of their own. A single word is
    two words in scripts other than Latin and Greek, whose languages have no article that stands
    alone: `собака` says as much as `a dog`. A wide character (Han, kana, Hangul) counts as two
    characters.

    Repetition is the most common word's share of all words, as in Gopher's rules (arXiv
    2112.11446, appendix A1.1, applied to single words). It is not checked for texts of fewer than
    `repetition_from` words.
    """

    rules: ClassVar = "3"
    fields: ClassVar = "prose"
    thresholds: ClassVar = frozenset(
        {
            "min_words",
            "max_words",
            "min_characters",
            "max_characters",
            "max_repetition",
            "repetition_from",
        }
    )
    kind: Literal["text_quality"] = "text_quality"
    """The name of this filter."""
    applies_to: Literal["source", "generated", "both"] = "source"
    """The texts that the filter judges: source texts, generated texts or both."""
    min_words: NonNegativeInt = 2
    """The fewest words of a text, inclusive."""
    max_words: NonNegativeInt = 512
    """The most words of a text, inclusive."""
    min_characters: NonNegativeInt = 5
    """The fewest characters of a text without white space at its ends, inclusive."""
    max_characters: NonNegativeInt = 5000
    """The most characters of a text without white space at its ends, inclusive."""
    max_repetition: float = Field(0.5, ge=0, le=1)
    """The largest share of the most common word among all words, inclusive."""
    repetition_from: NonNegativeInt = 4
    """The fewest words of a text whose repetition is checked, inclusive."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        for unit in ("words", "characters"):
            if getattr(self, f"min_{unit}") > getattr(self, f"max_{unit}"):
                raise ValueError(f"min_{unit} is above max_{unit}: every text would be dropped")
        return self

    def load(self, resources: Resources) -> Judge[Text]:
        return self  # nothing to load

    def judge(self, items: Sequence[Text]) -> list[Verdict]:
        return [self._judge(item.value) for item in items]

    def _judge(self, text: str) -> Verdict:
        characters = len(text.strip())
        if text.isascii() and "_" not in text:
            words: Sequence[bytes | str] = ascii_words(text)  # most captions
        else:
            words = split_words(text)
        count = len(words)
        repetition = _most_common(words) / count if count else 0.0
        if not text.isascii():
            characters += sum(map(len, _WIDE.findall(text.strip())))
            if count == 1 and _LETTER_WITHOUT_ARTICLES.search(str(words[0])):
                count = 2
        return self._decide({"words": count, "characters": characters, "repetition": repetition})

    def decide(self, scores: Mapping[str, float]) -> Verdict | None:
        return self._decide(scores) if "words" in scores else None

    def limits(self, score: str) -> tuple[Limit, ...]:
        return {
            "words": lowest("min_words", self.min_words) + highest("max_words", self.max_words),
            "characters": lowest("min_characters", self.min_characters)
            + highest("max_characters", self.max_characters),
            "repetition": highest("max_repetition", self.max_repetition),
        }.get(score, ())

    def _decide(self, scores: Mapping[str, float]) -> Verdict:
        words, characters = scores["words"], scores["characters"]
        if characters < self.min_characters or words < self.min_words:
            return drop("text_too_short", scores)
        if characters > self.max_characters or words > self.max_words:
            return drop("text_too_long", scores)
        repetition = scores["repetition"]
        # What is greater in single precision is greater in double precision, which is compared
        # first because rounding takes time.
        if (
            words >= self.repetition_from
            and repetition > self.max_repetition
            and float32(repetition) > float32(self.max_repetition)
        ):
            return drop("text_repetitive", scores)
        return keep(scores)


def _most_common(words: Sequence[bytes | str]) -> int:
    """Return how often the most common word occurs, in a third of the time of a Counter."""
    repeated = len(words) - len(set(words))
    if repeated < 2:
        return 1 + repeated
    counts: dict[bytes | str, int] = {}
    for word in words:
        counts[word] = counts.get(word, 0) + 1
    return max(counts.values())


def split_words(text: str) -> list[str]:
    """Return a text's words in lower case, as its scripts need; punctuation is left out."""
    text = text.lower()
    if "_" in text:
        text = _JOINED.sub(" ", text)
    return text.translate(_NO_WORD).split() if text.isascii() else _WORD.findall(text)
