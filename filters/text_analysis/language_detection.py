"""Which language a text is written in, where that can be told: offline, and the same every time."""

import re
from collections.abc import Collection
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Literal

from schemas.sample import Text

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

_LOOKED_AT = 1000  # characters from the start: more changes no answer worth the time
_REMEMBERED = 512  # texts, so that filters in a row over the same samples ask once
# Of 129 captions of 18 languages every wrong answer was below 0.45, and every answer on
# names of products and files below 0.16.
_SURE = 0.5
_ENOUGH = 20  # letters
_WORD = re.compile(r"[^\W\d_]{2,}")
_UNSPACED = re.compile(r"[\u0e00-\u0eff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]{4}")
# Words that English captions are full of: three of them, or two of which one is hardly a word
# elsewhere, spare most captions the model (20 microseconds).
_ENGLISH_ALONE = frozenset(("the", "with", "and", "from", "this", "that"))
_ENGLISH = _ENGLISH_ALONE.union(
    ("a", "are", "at", "black", "by", "for", "free", "home", "house", "image", "in", "is", "man"),
    ("new", "of", "on", "photo", "size", "to", "white", "woman"),
)


# The languages that the lists of the rules have terms of.
Listed = Literal["en", "es", "de", "fr", "pt", "it", "ru", "zh", "ja"]
LISTED: tuple[Listed, ...] = ("en", "es", "de", "fr", "pt", "it", "ru", "zh", "ja")
_LATIN, _HAN = "A-Za-z\u00aa-\u02af\u1e00-\u1eff\uff21-\uff5a", "\u3005\u3400-\u9fff\uf900-\ufaff"
_SCRIPTS = {"ru": "\u0400-\u04ff", "zh": _HAN, "ja": f"{_HAN}\u3040-\u30ff\uff66-\uff9f"}


def is_covered(text: Text, languages: Collection[Listed]) -> bool:
    """Whether rules for these languages can judge a text.

    A text whose language is neither told nor sure is taken for one of them, so long as no more
    than half of its letters are of other scripts.
    """
    if not text.value.isascii() and not _in_scripts(text.value, tuple(languages)):
        return False
    language = text.language.partition("-")[0] or detect(text.value)
    return not language or language in languages


def _in_scripts(text: str, languages: tuple[Listed, ...]) -> bool:
    letters = sum(map(str.isalpha, text))
    return letters <= 2 * len(_letters(languages).findall(text))


@cache
def _letters(languages: tuple[Listed, ...]) -> re.Pattern[str]:
    scripts = (_SCRIPTS.get(language, _LATIN) for language in languages)
    return re.compile(f"[{''.join(scripts)}]")


def detect(text: str) -> str:
    """The ISO 639 code of the text's language; "" where it is too short or too odd to be sure.

    Sure means three words and 20 letters (or four characters in a row of a script without spaces),
    and 0.5 of the probability that py3langid spreads over its languages.
    """
    return _detect(text[:_LOOKED_AT])


def likeliest(text: str) -> str:
    """The likeliest language, however unlikely; "" for texts without letters."""
    return _ranked(text[:_LOOKED_AT])[0]


@lru_cache(_REMEMBERED)
def _detect(text: str) -> str:
    if text.isascii():
        common = _ENGLISH.intersection(text.lower().split())
        if len(common) > 2 or (len(common) == 2 and not common.isdisjoint(_ENGLISH_ALONE)):
            return "en"
    if not _UNSPACED.search(text) and (
        len(_WORD.findall(text)) < 3 or sum(map(str.isalpha, text)) < _ENOUGH
    ):
        return ""
    language, probability = _ranked(text)
    return language if probability >= _SURE else ""


def _ranked(text: str) -> tuple[str, float]:
    if not any(map(str.isalpha, text)):
        return "", 0.0
    language, probability = _identifier().classify(text)
    return str(language), float(probability)


@cache
def _identifier() -> "LanguageIdentifier":
    """py3langid's model, which its wheel holds: half a second and 60 MB, where it is needed."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
