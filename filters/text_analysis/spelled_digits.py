"""Decodes digits that are written as words or as letters, with spans that map back."""

import re
from collections.abc import Iterator

from filters.text_analysis.normalization import NormalizedText, replace_spans
from filters.text_analysis.quick_scans import ascii_words, count_digits

# The digits from 0 to 9 in each language; a stroke separates spellings.
_DIGITS = """
en: zero|oh one two three four five six seven eight nine
es: cero uno dos tres cuatro cinco seis siete ocho nueve
de: null eins zwei|zwo drei vier fünf|fuenf sechs sieben acht neun
fr: zéro un deux trois quatre cinq six sept huit neuf
it: zero uno due tre quattro cinque sei sette otto nove
pt: zero um|uma dois|duas três quatro cinco seis|meia sete oito nove
nl: nul een|één twee drie vier vijf zes zeven acht negen
pl: zero jeden dwa trzy cztery pięć sześć siedem osiem dziewięć
sv: noll ett|en två tre fyra fem sex sju åtta nio
tr: sıfır bir iki üç dört beş altı yedi sekiz dokuz
id: nol satu dua tiga empat lima enam tujuh delapan sembilan
vi: không một hai ba bốn năm sáu bảy tám chín
ru: ноль|нуль один два три четыре пять шесть семь восемь девять
uk: нуль один два три чотири п'ять|п’ять шість сім вісім дев'ять|дев’ять
hi: शून्य एक दो तीन चार पांच|पाँच छह|छः सात आठ नौ
ar: صفر واحد اثنان|اثنين ثلاثة أربعة خمسة ستة سبعة ثمانية تسعة
"""
_VALUES = {
    word: str(digit)
    for line in _DIGITS.strip().splitlines()
    for digit, words in enumerate(line.split(": ")[1].split())
    for word in words.split("|")
}
_WITH_MARKS = frozenset(
    f"{word}{mark}" for word in _VALUES for mark in ("", ",", ".", ";", ":", "!")
)
_ASCII_WORDS = frozenset(word.encode() for word in _VALUES if word.isascii())
# Digits of Chinese, Japanese and Korean, which need no space between them.
_GLUED_DIGITS = "〇零공영 一壹幺일 二贰이 三叁삼 四肆사 五伍오 六陆육 七柒칠 八捌팔 九玖구"
_GLUED = {
    character: str(digit)
    for digit, characters in enumerate(_GLUED_DIGITS.split())
    for character in characters
}
_LETTERS = dict.fromkeys("OoОоΟο", "0") | dict.fromkeys("lIІіӀӏΙ", "1")

_MIN_DIGITS = 7
_MIN_DIGITS_IN_MIXED = 5  # of a run with letters, of which at most a third are letters
_MAX_DIGITS = 40  # of a run; the rest is a run of its own, which keeps the time linear
_MIN_WORDS = 3  # of a run, which can also have groups of digits
_WORDS = "|".join(sorted(_VALUES, key=len, reverse=True))
_ITEM = rf"(?:{_WORDS}|\d{{1,4}})(?!\w)"
_GAP = r"[\s,.;/-]{1,3}"
_RUN = re.compile(
    rf"(?<!\w)(?:(?P<plus>plus|плюс|más|mas|mais|più|artı)\s)?"
    rf"{_ITEM}(?:{_GAP}{_ITEM}){{{_MIN_DIGITS - 3},{_MAX_DIGITS}}}+",
    re.IGNORECASE,
)
_PART = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")
_GLUED_RUN = re.compile(
    rf"[{''.join(_GLUED)}](?:[ -]?[{''.join(_GLUED)}]){{{_MIN_DIGITS - 1},{_MAX_DIGITS}}}+"
)
_DIGIT_OR_LETTER = rf"[\d{''.join(_LETTERS)}]"
_MIXED_RUN = re.compile(
    rf"(?<![\w.])\+?\(?{_DIGIT_OR_LETTER}"
    rf"(?:[ .()/-]{{0,2}}{_DIGIT_OR_LETTER}){{{_MIN_DIGITS - 1},{_MAX_DIGITS}}}+(?!\w)"
)
_MIXED = re.compile(rf"[0-9][{''.join(_LETTERS)}]|[{''.join(_LETTERS)}][0-9]|\+[lI] ")
_ONE_BY_ONE = frozenset(("01234567890123456789", "98765432109876543210"))  # counting

Replacement = tuple[tuple[int, int], str]  # a span, and what replaces it


def decode_digits(text: NormalizedText) -> NormalizedText:
    """Replace digits as words ("four one five ..."), and letters in digits ("4l5 738 29l6").

    Words are replaced in runs of 7 or more digits that do not count up or down; the spaces between
    them are removed. Letters are replaced in runs of 7 or more digits and letters, at most a third
    of them letters that look like 0 or 1, and a digit in each group.
    """
    value = text.text
    found: list[Replacement] = []
    if may_have_words(value):
        found += _words(value)
    if not value.isascii() and _GLUED_RUN.search(value):
        found += _glued(value)
    if count_digits(value) >= _MIN_DIGITS_IN_MIXED and _MIXED.search(value):
        found += _letters(value)
    return replace_spans(text, sorted(found)) if found else text


def may_have_words(text: str) -> bool:
    """Return whether three words of the text name digits, as in numbers that are spelled."""
    if text.isascii() and _ASCII_WORDS.isdisjoint(ascii_words(text)):
        return False  # most captions
    lower = text.lower()
    for mark in "-,.":
        if lower.count(mark) >= 3:  # words with marks and no spaces between them
            lower = lower.replace(mark, " ")
    words = lower.split()
    return not _WITH_MARKS.isdisjoint(words) and (
        sum(word in _WITH_MARKS for word in words) >= _MIN_WORDS
    )


def _words(text: str) -> Iterator[Replacement]:
    for run in _RUN.finditer(text):
        start = run.end("plus") + 1 if run["plus"] else run.start()
        parts = [*_PART.finditer(text, start, run.end())]
        digits = [_VALUES.get(part[0].lower(), part[0]) for part in parts]
        words = sum(not part[0].isdecimal() for part in parts)
        if words < _MIN_WORDS or not _is_number("".join(digits)):
            continue
        if run["plus"]:
            yield (run.start(), start), "+"
        end = start
        for part, digit in zip(parts, digits, strict=True):
            if part.start() > end:
                yield (end, part.start()), ""
            yield part.span(), digit
            end = part.end()


def _glued(text: str) -> Iterator[Replacement]:
    for run in _GLUED_RUN.finditer(text):
        if _is_number("".join(_GLUED.get(character, "") for character in run[0])):
            for index, character in enumerate(run[0], run.start()):
                if character in _GLUED:
                    yield (index, index + 1), _GLUED[character]


def _letters(text: str) -> Iterator[Replacement]:
    for run in _MIXED_RUN.finditer(text):
        groups = re.findall(r"\w+", run[0])
        letters = sum(character in _LETTERS for character in run[0])
        digits = sum(map(str.isdecimal, run[0]))
        after_plus = groups[1:] if run[0].startswith("+") and len(groups[0]) == 1 else groups
        if not letters or 2 * letters > digits or any(map(str.isalpha, after_plus)):
            continue
        for index, character in enumerate(run[0], run.start()):
            if character in _LETTERS:
                yield (index, index + 1), _LETTERS[character]


def _is_number(digits: str) -> bool:
    return len(digits) >= _MIN_DIGITS and not any(digits in counting for counting in _ONE_BY_ONE)
