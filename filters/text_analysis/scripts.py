"""Count the letters of a text by script, and name the languages that a script decides alone."""

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache

# Blocks whose letters are Latin, and blocks of punctuation and symbols.
_LATIN_TEXT = re.compile("[\0-\u024f\u1e00-\u1eff\u2000-\u206f\u20a0-\u20cf\u2190-\u2bff]*")

OTHER = "other"  # scripts that are not listed
# The Unicode blocks of each script: first and last code points. The prolonged sound marks of Kana,
# which also decorate Chinese and Latin texts, are left out, and so are modifier letters.
_BLOCKS: tuple[tuple[int, int, str], ...] = (
    (0x0041, 0x02AF, "latin"),
    (0x0370, 0x03FF, "greek"),
    (0x0400, 0x052F, "cyrillic"),
    (0x0530, 0x058F, "armenian"),
    (0x0590, 0x05FF, "hebrew"),
    (0x0600, 0x06FF, "arabic"),
    (0x0750, 0x077F, "arabic"),
    (0x0860, 0x08FF, "arabic"),
    (0x0900, 0x097F, "devanagari"),
    (0x0980, 0x09FF, "bengali"),
    (0x0A00, 0x0A7F, "gurmukhi"),
    (0x0A80, 0x0AFF, "gujarati"),
    (0x0B00, 0x0B7F, "oriya"),
    (0x0B80, 0x0BFF, "tamil"),
    (0x0C00, 0x0C7F, "telugu"),
    (0x0C80, 0x0CFF, "kannada"),
    (0x0D00, 0x0D7F, "malayalam"),
    (0x0D80, 0x0DFF, "sinhala"),
    (0x0E00, 0x0E7F, "thai"),
    (0x0E80, 0x0EFF, "lao"),
    (0x0F00, 0x0FFF, "tibetan"),
    (0x1000, 0x109F, "burmese"),
    (0x10A0, 0x10FF, "georgian"),
    (0x1100, 0x11FF, "hangul"),
    (0x1200, 0x139F, "ethiopic"),
    (0x1780, 0x17FF, "khmer"),
    (0x1C80, 0x1C8F, "cyrillic"),
    (0x1C90, 0x1CBF, "georgian"),
    (0x1E00, 0x1EFF, "latin"),
    (0x1F00, 0x1FFF, "greek"),
    (0x2D00, 0x2D2F, "georgian"),
    (0x2DE0, 0x2DFF, "cyrillic"),
    (0x3005, 0x3007, "han"),
    (0x3041, 0x30FA, "kana"),
    (0x3130, 0x318F, "hangul"),
    (0x31F0, 0x31FF, "kana"),
    (0x3400, 0x4DBF, "han"),
    (0x4E00, 0x9FFF, "han"),
    (0xA640, 0xA69F, "cyrillic"),
    (0xA960, 0xA97F, "hangul"),
    (0xAC00, 0xD7FF, "hangul"),
    (0xF900, 0xFAFF, "han"),
    (0xFB00, 0xFB06, "latin"),
    (0xFB13, 0xFB17, "armenian"),
    (0xFB1D, 0xFB4F, "hebrew"),
    (0xFB50, 0xFDFF, "arabic"),
    (0xFE70, 0xFEFE, "arabic"),
    (0xFF21, 0xFF5A, "latin"),
    (0xFF66, 0xFF6F, "kana"),
    (0xFF71, 0xFF9D, "kana"),
    (0xFFA0, 0xFFDC, "hangul"),
    (0x20000, 0x323AF, "han"),
)
_FIRST = [first for first, _, _ in _BLOCKS]
# The one language that captions in a script are written in, as an ISO 639 code. Scripts of several
# widespread languages (Latin, Cyrillic, Arabic, Devanagari, Bengali, Ethiopic) are not listed.
LANGUAGE_OF_SCRIPT = {
    "armenian": "hy",
    "burmese": "my",
    "georgian": "ka",
    "greek": "el",
    "gujarati": "gu",
    "gurmukhi": "pa",
    "hangul": "ko",
    "hebrew": "he",
    "kannada": "kn",
    "khmer": "km",
    "lao": "lo",
    "malayalam": "ml",
    "oriya": "or",
    "sinhala": "si",
    "tamil": "ta",
    "telugu": "te",
    "thai": "th",
    "tibetan": "dz",
}
_SCRIPTS_OF_LANGUAGE = {"ru": ("cyrillic",), "zh": ("han",), "ja": ("han", "kana")}
_SYLLABLES = ("han", "kana", "hangul")  # one letter of these scripts stands for two or more


def is_latin(text: str) -> bool:
    """Return whether all letters are Latin for certain; False for some rare characters."""
    return text.isascii() or _LATIN_TEXT.fullmatch(text) is not None


def letters_by_script(text: str) -> Counter[str]:
    """Count the letters of each script."""
    counts: Counter[str] = Counter()
    for character, number in Counter(text).items():
        if script := _script(character):
            counts[script] += number
    return counts


@lru_cache(20_000)  # different characters
def _script(character: str) -> str:
    """Return the script of a letter; "" for any other character."""
    if not character.isalpha():
        return ""
    first, last, script = _BLOCKS[bisect_right(_FIRST, ord(character)) - 1]
    return script if first <= ord(character) <= last else OTHER


def main_script(counts: Counter[str]) -> str:
    """Return the script of most of the text, "" without letters; Han and Kana are one script."""
    weights = {script: n * (2 if script in _SYLLABLES else 1) for script, n in counts.items()}
    if kana := weights.pop("kana", 0):
        weights["han"] = weights.get("han", 0) + kana
    return max(weights, key=weights.__getitem__, default="")


def mostly_in_scripts_of(languages: Iterable[str], text: str) -> bool:
    """Return whether at least half of the letters belong to the scripts of the languages.

    Every language whose script is not named here is written in Latin letters.
    """
    scripts = {
        script
        for language in languages
        for script in _SCRIPTS_OF_LANGUAGE.get(language, ("latin",))
    }
    if is_latin(text) and "latin" in scripts:
        return True
    counts = letters_by_script(text)
    return counts.total() <= 2 * sum(counts[script] for script in scripts)
