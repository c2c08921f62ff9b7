"""Detect the language of a text, offline and deterministically.

Scripts decide first, then eldc; py3langid is asked for the few texts that eldc leaves in doubt, and
for the name of a language that eldc does not know.
"""

import re
from collections import Counter
from collections.abc import Collection
from functools import lru_cache
from itertools import filterfalse
from math import tanh
from typing import NamedTuple
from unicodedata import normalize

from filters.text_analysis.language_models import (
    Scores,
    eldc_languages,
    eldc_scores,
    py3langid_probability,
)
from filters.text_analysis.language_tables import (
    CYRILLIC_LETTERS,
    NEIGHBORS,
    NOT_RUSSIAN,
    ROMANIZED_HINDI,
    ROMANIZED_HINDI_ONLY,
    RUSSIAN_ONLY,
    SUPPORTED_LANGUAGES,
    SupportedLanguage,
)
from filters.text_analysis.scripts import (
    LANGUAGE_OF_SCRIPT,
    is_latin,
    letters_by_script,
    main_script,
    mostly_in_scripts_of,
)
from schemas.sample import Text

_MAX_CHARACTERS = 1000  # from the start of a text; more hardly ever change the result
_CACHE_SIZE = 512  # texts, so that consecutive filters detect a sample's language once
_MIN_PROBABILITY = 0.5
_MIN_WORDS = 3
_MANY_WORDS = 8  # from which a reliable result needs no count of words and letters
_MIN_LETTERS = 20
_MIN_RELIABLE_LETTERS = 16  # of an unsupported language that eldc calls reliable
_MIN_HAN = 4
_WORD = re.compile(r"[^\W\d_]{2,}")
# Scores of eldc. In Hausa, Hindi in Latin letters, Somali and Swahili, which eldc does not know,
# its best language scores 0.17 to 0.50. Names of products and people score 0.02 to 0.15 more in
# their best language than in the next one.
_UNKNOWN_SCORE = 0.45
_LIKELY_SCORE = 0.55
_CLEAR_GAP = 0.15
_MIN_GAP = 0.02  # below it, eldc calls no result reliable
_MIN_FOREIGN_LETTERS = 0.05  # of a Cyrillic text; a Russian text can quote a name
_STEEPNESS = 25  # of the probability in the difference of two scores, for each word
_MIN_FOREIGN_WORDS = 5  # in small letters, of a text in no known language
_CYRILLIC = frozenset(("be", "bg", "mk", "sr", "uk"))  # beside Russian


class _Detection(NamedTuple):
    language: str  # "" if there is too little evidence
    probability: float
    foreign: bool = False  # a text of many words that are in no known language


_NOTHING = _Detection("", 0.0)
_FOREIGN = _Detection("", 0.0, foreign=True)


def is_supported(text: Text, languages: Collection[SupportedLanguage]) -> bool:
    """Return whether rules for these languages can judge the text.

    A text with too little evidence counts as supported as long as no more than half of its letters
    belong to other scripts. A text of many words in no known language does not.
    """
    if not text.value.isascii() and not mostly_in_scripts_of(languages, text.value):
        return False
    return is_in_languages(text, languages)


def is_in_languages(text: Text, languages: Collection[str]) -> bool:
    """Return whether the text is in one of the languages, in a neighbor, or of unknown language.

    A text of many words that are in no known language is in none of them.
    """
    language = text.language and text.language.partition("-")[0]
    if not language:
        language, probability, foreign = _detect(text.value[:_MAX_CHARACTERS])
        if foreign:
            return False
        if not language or probability < _MIN_PROBABILITY:
            return True
    return language in languages or any(near in languages for near in NEIGHBORS.get(language, ()))


def detect_language(text: str) -> str:
    """Return the ISO 639 code of the text's language; "" if the language is uncertain.

    Only the first `_MAX_CHARACTERS` characters are read. In a script of one language, a letter is
    enough; Chinese needs four characters, and other languages three words, and 20 letters unless
    eldc calls its result reliable.
    """
    language, probability, _ = _detect(text[:_MAX_CHARACTERS])
    return language if probability >= _MIN_PROBABILITY else ""


def language_and_probability(text: str, wanted: Collection[str] = ()) -> tuple[str, float]:
    """Return the text's most probable language, as an ISO 639 code, and its probability.

    The result is ("", 0.0) for a text that is too short for `detect_language`. A language that a
    script decides has the probability 1.0. If a neighbor of the language is `wanted`, py3langid
    tells the two apart. Only the first `_MAX_CHARACTERS` characters are read.
    """
    text = text[:_MAX_CHARACTERS]
    language, probability, _ = _detect(text)
    neighbors = [code for code in wanted if language in NEIGHBORS.get(code, ())]
    if neighbors:
        neighbor, its_probability = py3langid_probability(text)
        if neighbor in neighbors:
            return neighbor, its_probability
    return language, probability


def most_likely_language(text: str) -> str:
    """Return the most probable language, however uncertain; "" for texts without letters.

    English counts as the most probable one if eldc cannot tell it from a better language. Only the
    first `_MAX_CHARACTERS` characters are read.
    """
    text = text[:_MAX_CHARACTERS]
    if not any(map(str.isalpha, text)):
        return ""
    if language := detect_language(text):
        return language
    scores = eldc_scores(normalize("NFC", text))
    english = scores.best_of(("en",))
    if english and scores.score - english <= _MIN_GAP:
        return "en"
    return scores.language or py3langid_probability(text)[0]


@lru_cache(_CACHE_SIZE)
def _detect(text: str) -> _Detection:
    if "://" in text or "www." in text or "@" in text:
        text = " ".join(filterfalse(_is_address, text.split()))
    if not text.isascii():
        text = normalize("NFC", text)
    if is_latin(text):
        return _by_words(text)
    counts = letters_by_script(text)
    script = main_script(counts)
    if language := LANGUAGE_OF_SCRIPT.get(script):
        return _Detection(language, 1.0)
    if script == "han":
        return _chinese_or_japanese(text, counts)
    return _cyrillic(text) if script == "cyrillic" else _by_words(text)


def _is_address(word: str) -> bool:
    return "://" in word or "www." in word or "@" in word


def _chinese_or_japanese(text: str, counts: Counter[str]) -> _Detection:
    """Detect Japanese by its Kana; a single one also occurs in Chinese names and decorations."""
    han, kana = counts["han"], counts["kana"]
    if kana > 1 or 5 * kana >= max(han, 1) or (kana and eldc_scores(text).language == "ja"):
        return _Detection("ja", 1.0)
    return _Detection("zh", 1.0) if han >= _MIN_HAN else _NOTHING


def _cyrillic(text: str) -> _Detection:
    """Detect a language in Cyrillic letters; one with the letters of Russian alone is Russian."""
    letters = {*text}
    if letters.isdisjoint(RUSSIAN_ONLY):
        for language, own in CYRILLIC_LETTERS.items():
            if not letters.isdisjoint(own):
                return _Detection(language, 1.0)
    if foreign := sum(map(NOT_RUSSIAN.__contains__, text)):
        quoted = foreign < _MIN_FOREIGN_LETTERS * sum(map(str.isalpha, text))
        if not quoted or eldc_scores(text).language != "ru":
            language, probability = py3langid_probability(text)
            known = probability >= _MIN_PROBABILITY and language != "ru"
            return _Detection(language, probability) if known else _FOREIGN
    return _by_words(text, cyrillic=True)


def _by_words(text: str, cyrillic: bool = False) -> _Detection:
    scores = eldc_scores(text)
    number = text.count(" ") + 1
    if scores.reliable and number >= _MANY_WORDS and scores.language in SUPPORTED_LANGUAGES:
        return _Detection(scores.language, _probability(scores, number))  # most captions
    words = _WORD.findall(text)
    if len(words) < _MIN_WORDS:
        return _NOTHING
    if cyrillic and scores.language in _CYRILLIC and not _is_confirmed(text, scores):
        return _Detection("ru", 1.0)
    if sum(map(len, words)) < _min_letters(scores):
        return _NOTHING
    return _by_scores(text, words, scores)


def _probability(scores: Scores, words: int) -> float:
    """Return the logistic function of the best score's lead over the next one."""
    gap = scores.lead(_UNKNOWN_SCORE)
    return (1 + tanh(_STEEPNESS * words * gap / 2)) / 2


def _min_letters(scores: Scores) -> int:
    if not scores.reliable:
        return _MIN_LETTERS
    short = scores.language in SUPPORTED_LANGUAGES or scores.language == "vi"  # whose words are
    return 0 if short else _MIN_RELIABLE_LETTERS


def _by_scores(text: str, words: list[str], scores: Scores) -> _Detection:
    supported = scores.language in SUPPORTED_LANGUAGES
    gap = scores.lead(_UNKNOWN_SCORE)
    if not scores.reliable:
        # Which of two unsupported languages a text is in, as Swedish or Danish, does not matter.
        clear_gap = gap if supported else scores.score - scores.best_of(SUPPORTED_LANGUAGES)
        named = not supported and not any(map(str.islower, words))  # such as names of products
        if named or clear_gap < _CLEAR_GAP or scores.score < _LIKELY_SCORE:
            return _doubtful(text, words, scores)
    if not supported:
        language, its_probability = py3langid_probability(text)
        if its_probability >= _MIN_PROBABILITY and language not in eldc_languages() | {*NEIGHBORS}:
            return _Detection(language, its_probability)
    return _Detection(scores.language, _probability(scores, len(words)))


def _is_confirmed(text: str, scores: Scores) -> bool:
    """Return whether a text with the letters of Russian is in another language of the script.

    Of 3,000 Russian messages of programs, eldc took 27 for another language, none of them reliably.
    """
    if not RUSSIAN_ONLY.isdisjoint(text):
        return False
    if scores.reliable:
        return True
    language, probability = py3langid_probability(text)
    return language == scores.language and probability >= _MIN_PROBABILITY


def _doubtful(text: str, words: list[str], scores: Scores) -> _Detection:
    """Detect the language of a text for which no language of eldc scores well enough."""
    small = {word for word in words if word.islower()}
    hindi = ROMANIZED_HINDI.intersection(map(str.lower, words))
    if len(hindi) > 1 and not hindi.isdisjoint(ROMANIZED_HINDI_ONLY):
        return _Detection("hi", 1.0)
    language, probability = py3langid_probability(text)
    if probability >= _MIN_PROBABILITY:
        contested = scores.language in SUPPORTED_LANGUAGES and scores.score >= _LIKELY_SCORE
        if not contested or language in SUPPORTED_LANGUAGES or language in NEIGHBORS:
            return _Detection(language, probability)
        return _Detection(scores.language, 0.0)
    # py3langid hardly ever takes a text of another language for a supported one, however unsure.
    foreign = language not in SUPPORTED_LANGUAGES and scores.score < _UNKNOWN_SCORE
    if foreign and len(small) >= _MIN_FOREIGN_WORDS:
        return _FOREIGN
    return _Detection(language, probability)
