"""Write texts in Latin letters in ASCII, for quick tests of what slower rules could find."""

import unicodedata
from functools import lru_cache

from filters.text_analysis.normalization import NormalizedText, fold_confusables, normalize

_MAX_LENGTH = 2_000  # characters of a text that is rewritten
_UNKNOWN = "\0"
_IN_TERMS = "🍆🍑💦🍒👅🔞"  # signs that terms are made of


def ascii_form(text: str) -> str:
    """Return the text in ASCII, or "" if it is long or has characters with no form in ASCII.

    A letter becomes the letters that terms are matched in: "café" becomes "cafe". Any other
    character becomes what normalization makes of it, or else a semicolon, which separates words.
    Combining marks, invisible characters and letters of other scripts have no form in ASCII,
    because they can change the characters beside them. Neither have the signs of terms.
    """
    if text.isascii():
        return text
    if len(text) > _MAX_LENGTH:
        return ""
    for character in {*text}:
        if character > "\x7f":
            text = text.replace(character, _alone(character))
    return "" if _UNKNOWN in text else text


@lru_cache(maxsize=1 << 14)
def _alone(character: str) -> str:
    if character in _IN_TERMS:
        return _UNKNOWN
    normalized = normalize(character.casefold()).text.lower()
    folded = fold_confusables(NormalizedText(normalized)).text
    if folded and folded.isascii():
        # Letters must stay letters, so that words keep their boundaries.
        return folded if folded.isalpha() == normalized.isalpha() else _UNKNOWN
    return ";" if len(folded) == 1 and _is_sign(folded) else _UNKNOWN


def _is_sign(character: str) -> bool:
    return unicodedata.category(character)[0] in "PSZ"  # punctuation, symbols, spaces
