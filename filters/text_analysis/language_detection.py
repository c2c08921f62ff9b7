"""Detect the language of a text, offline and deterministically."""

import re
from collections.abc import Collection
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Literal

from schemas.sample import Text

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

_MAX_CHARACTERS = 1000  # from the start of a text; more hardly ever change the result
_CACHE_SIZE = 512  # texts, so that consecutive filters detect a sample's language once
# On 129 captions in 18 languages every wrong answer had a probability below 0.45, and every answer
# for names of products and files one below 0.16.
_MIN_PROBABILITY = 0.5
_MIN_LETTERS = 20
_WORD = re.compile(r"[^\W\d_]{2,}")
_UNSPACED = re.compile(r"[\u0e00-\u0eff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]{4}")
# Common words of English captions. A text with three of them, or with two of which one is hardly a
# word in other languages, is English: most captions skip the model, which takes 20 microseconds.
_ENGLISH_ONLY = frozenset(("the", "with", "and", "from", "this", "that"))
_ENGLISH = _ENGLISH_ONLY.union(
    ("a", "are", "at", "black", "by", "for", "free", "home", "house", "image", "in", "is", "man"),
    ("new", "of", "on", "photo", "size", "to", "white", "woman"),
)

# ISO 639 codes of the languages that the term lists cover.
SupportedLanguage = Literal["en", "es", "de", "fr", "pt", "it", "ru", "zh", "ja"]
SUPPORTED_LANGUAGES: tuple[SupportedLanguage, ...] = (
    "en",
    "es",
    "de",
    "fr",
    "pt",
    "it",
    "ru",
    "zh",
    "ja",
)
# ISO 639 codes of the languages that py3langid knows.
_KNOWN = """
ace af am an ar ary arz as az ba bcl be bg bn br bs ca crh cs cy da de dz el en eo es et
eu ext fa fi fo fr fuv fy ga gcf gcr gd gl gom grc gu gug guw ha hbo he hi hr ht hu hy
id ig is it ja jv ka kab kik kk km kn ko ku ky la lb lg lij ln lo lt ltg lv mg mk ml mn
mr ms mt my ne nl nn no nso oc om or pa pcm pl ps pt qu ro ru rw sa sdh se si sk sl sn
so sq sr st sv sw ta te tg th tk tl tr tt ug uk ur uz uzs vec vi vo wa wuu xh yo yue zh
zu zxx
"""
KNOWN_LANGUAGES = frozenset(_KNOWN.split())
_LATIN, _HAN = "A-Za-z\u00aa-\u02af\u1e00-\u1eff\uff21-\uff5a", "\u3005\u3400-\u9fff\uf900-\ufaff"
_SCRIPTS = {"ru": "\u0400-\u04ff", "zh": _HAN, "ja": f"{_HAN}\u3040-\u30ff\uff66-\uff9f"}


def is_supported(text: Text, languages: Collection[SupportedLanguage]) -> bool:
    """Return whether rules for these languages can judge the text.

    A text of unknown language counts as supported as long as no more than half of its letters
    belong to other scripts.
    """
    if not text.value.isascii() and not _in_scripts(text.value, tuple(languages)):
        return False
    language = text.language.partition("-")[0] or detect_language(text.value)
    return not language or language in languages


def _in_scripts(text: str, languages: tuple[SupportedLanguage, ...]) -> bool:
    letters = sum(map(str.isalpha, text))
    return letters <= 2 * len(_letters(languages).findall(text))


@cache
def _letters(languages: tuple[SupportedLanguage, ...]) -> re.Pattern[str]:
    scripts = (_SCRIPTS.get(language, _LATIN) for language in languages)
    return re.compile(f"[{''.join(scripts)}]")


def detect_language(text: str) -> str:
    """Return the ISO 639 code of the text's language; "" if the language is uncertain.

    Only the first `_MAX_CHARACTERS` characters are read. A result needs three words and 20 letters
    (or four characters in a row of a script without spaces), and a probability of at least 0.5 from
    py3langid. An ASCII text with enough common English words is English without these tests.
    """
    language, probability = _detect(text[:_MAX_CHARACTERS])
    return language if probability >= _MIN_PROBABILITY else ""


def language_and_probability(text: str) -> tuple[str, float]:
    """Return the text's most probable language, as an ISO 639 code, and its probability.

    The result is ("", 0.0) for a text that is too short for `detect_language`. English that common
    words tell has the probability 1.0. Only the first `_MAX_CHARACTERS` characters are read.
    """
    return _detect(text[:_MAX_CHARACTERS])


def most_likely_language(text: str) -> str:
    """Return the most probable language, however uncertain; "" for texts without letters.

    Only the first `_MAX_CHARACTERS` characters are read.
    """
    return _classify(text[:_MAX_CHARACTERS])[0]


@lru_cache(_CACHE_SIZE)
def _detect(text: str) -> tuple[str, float]:
    if text.isascii():
        common = _ENGLISH.intersection(text.lower().split())
        if len(common) > 2 or (len(common) == 2 and not common.isdisjoint(_ENGLISH_ONLY)):
            return "en", 1.0
    if not _UNSPACED.search(text) and (
        len(_WORD.findall(text)) < 3 or sum(map(str.isalpha, text)) < _MIN_LETTERS
    ):
        return "", 0.0
    return _classify(text)


def _classify(text: str) -> tuple[str, float]:
    if not any(map(str.isalpha, text)):
        return "", 0.0
    language, probability = _identifier().classify(text)
    return str(language), float(probability)


@cache
def _identifier() -> "LanguageIdentifier":
    """Load py3langid's bundled model, once and only when needed: it takes 0.5 s and 60 MB."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
