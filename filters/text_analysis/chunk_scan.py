"""Scan the texts of a chunk at once, which shows that slower rules find nothing in most captions.

The scan looks at each three neighboring characters of the ASCII forms of texts. It takes less than
1 µs for a caption, and asking each text the same in turn takes 10 µs.
"""

from collections.abc import Sequence
from functools import cache, lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from filters.text_analysis.ascii_form import ascii_form
from filters.text_analysis.recognizers.prefilter import ALL_WORDS, NO_DIGITS

_MAX_LENGTH = 2_000  # characters of a text that is scanned, which bounds the memory
_FEWEST = 4  # texts that are scanned; with fewer, the scan does not pay

# What three characters can show, as bits.
_PERSONAL = 1  # what personal data with less than five digits has
_NO_DIGITS = 2  # what personal data has in texts without digits, besides _PERSONAL
_BYTE = 4  # a hyphen before two hexadecimal digits
_DISGUISED = 8  # a digit or sign for a letter, or three equal letters
_MIXED = 16  # a digit beside a letter
_SPACED_LETTER = 32  # a single letter between two separators
_SINGLE_LETTER = 64  # a single letter behind a separator
_GAP = 128  # two characters that become spaces in folded texts, and then one space

# The rules treat the characters of a class alike. Letters have the classes from 1 to 26, in either
# case, and characters that are not listed have the class 0.
_OTHER_CLASSES = (
    *(" \t\n\r\v\f\x1c\x1d\x1e\x1f", "-", "_", ".", "*+/|,", "013457", "2689", "@", "$", "!"),
    *("%", "&", "\\", "<", ":", "([{"),
)
_SPACE, _HYPHEN, _UNDERSCORE, _DOT, _SEPARATOR = range(27, 32)
_LEET_DIGIT, _OTHER_DIGIT, _AT, _DOLLAR, _EXCLAMATION = range(32, 37)
_PERCENT, _AND, _BACKSLASH, _LESS, _COLON, _OPENING = range(37, 43)
_NUM_CLASSES = 64
_ALL = range(_NUM_CLASSES)
_LETTERS = range(1, 27)
_DIGITS = (_LEET_DIGIT, _OTHER_DIGIT)
_HEXADECIMAL = (*range(1, 7), *_DIGITS)
_SPACES = (_SPACE, _HYPHEN, _UNDERSCORE)
_SEPARATORS = (*_SPACES, _DOT, _SEPARATOR)
_BY_FREQUENCY = " etaoinsrhldcumfpgwybvkxjqz"
_FREQUENT = frozenset(["age", "ack", "acc", "ape", "bea", "bel", "chi", "ken", "occ", "pen"])


class Scan(NamedTuple):
    """What a scan shows of each text, in order. Texts that are not scanned may have everything."""

    personal: Sequence[bool]  # may have personal data, even without five digits
    digits: Sequence[int]
    disguised: Sequence[bool]  # may have disguised words
    mixed: Sequence[bool]  # has a digit beside a letter
    forms: Sequence[str]  # the ASCII form; "" for a text that is not scanned


def scan(texts: Sequence[str]) -> Scan:
    """Scan texts; the result is kept for the next filter that judges the same texts."""
    return _scan(tuple(texts))


@lru_cache(maxsize=2)
def _scan(texts: tuple[str, ...]) -> Scan:
    if len(texts) < _FEWEST:
        return _unknown(len(texts))
    forms = map(ascii_form, texts)
    scanned = [form if len(form) <= _MAX_LENGTH else "" for form in forms]
    data = ("\n" + "\n".join(scanned) + "\n\n").encode("ascii").translate(_class_of_bytes())
    classes = np.frombuffer(data, np.uint8).astype(np.intp)
    bits = _table().take((classes[:-2] * _NUM_CLASSES + classes[1:-1]) * _NUM_CLASSES + classes[2:])
    single = (bits[:-2] & _SPACED_LETTER != 0) & (bits[2:] & _SINGLE_LETTER != 0)
    before_gap = (bits[:-2] & _SINGLE_LETTER != 0) & (bits[2:] & _GAP != 0)
    bits[:-2] |= (single | before_gap) * np.uint8(_DISGUISED)
    is_byte = (bits[:-1] & _BYTE != 0) & (classes[3:] == _HYPHEN)
    bits[:-1] |= (is_byte | _before_long_word(classes)) * np.uint8(_PERSONAL | _NO_DIGITS)
    # A text begins with the line break before it.
    starts = np.fromiter(map(len, scanned), np.intp, len(scanned)).cumsum()
    starts = np.concatenate(([0], starts[:-1])) + np.arange(len(scanned))
    any_bits = np.bitwise_or.reduceat(bits, starts)
    is_digit = (classes[:-2] == _LEET_DIGIT) | (classes[:-2] == _OTHER_DIGIT)
    digits = np.add.reduceat(is_digit, starts, dtype=np.intp)
    personal = (any_bits & _PERSONAL != 0) & ((any_bits & _NO_DIGITS != 0) | (digits > 0))
    disguised = any_bits & _DISGUISED != 0
    unknown = np.array([not text for text in scanned])
    personal |= np.array([not text.isascii() and _has_word(text) for text in texts])
    return Scan(
        (personal | unknown).tolist(),
        digits.tolist(),
        (disguised | unknown).tolist(),
        ((any_bits & _MIXED != 0) | unknown).tolist(),
        scanned,
    )


def _has_word(text: str) -> bool:
    lower = text.lower()
    return any(word in lower for word in _other_words())


@cache
def _other_words() -> tuple[str, ...]:
    return tuple(sorted(word for word in ALL_WORDS if not word.isascii()))


def _before_long_word(classes: npt.NDArray[np.intp]) -> npt.NDArray[np.bool_]:
    """Return where one of the signs . - _ is before 12 letters, digits, hyphens or underscores.

    Three positions at the end, before the final line breaks, are left out.
    """
    one = _in_long_words()[classes]
    two = one[:-1] & one[1:]
    four = two[:-2] & two[2:]
    found = np.zeros(len(classes) - 3, np.bool_)
    if len(classes) > 12:
        twelve = four[1:-8] & four[5:-4] & four[9:]
        found[: len(twelve)] = twelve & _before_long_words()[classes[: len(twelve)]]
    return found


def _unknown(number: int) -> Scan:
    return Scan([True] * number, [0] * number, [True] * number, [True] * number, [""] * number)


@cache
def _class_of_bytes() -> bytes:
    classes = bytearray(256)
    for letter in range(26):
        classes[ord("a") + letter] = classes[ord("A") + letter] = 1 + letter
    for number, characters in enumerate(_OTHER_CLASSES, _SPACE):
        for character in characters:
            classes[ord(character)] = number
    return bytes(classes)


@cache
def _table() -> npt.NDArray[np.uint8]:
    """Return the bits of each three classes."""
    table = np.zeros((_NUM_CLASSES,) * 3, np.uint8)

    def mark(bit: int, *classes: Sequence[int]) -> None:
        table[np.ix_(*classes)] |= bit

    personal = _PERSONAL | _NO_DIGITS
    mark(personal, (_HYPHEN,), (_class("u"),), (_SPACE,))  # curl -u
    mark(personal, (_COLON, _HYPHEN), (_COLON, _HYPHEN), _ALL)
    mark(personal, (_COLON, _DOT), _HEXADECIMAL, (*_HEXADECIMAL, _COLON))
    mark(_BYTE, (_HYPHEN,), _HEXADECIMAL, _HEXADECIMAL)
    mark(personal, _DIGITS, (_DOT,), _DIGITS)
    for bit, opening in (
        (personal, (_OPENING, _LESS, _UNDERSCORE, _HYPHEN)),  # [at]
        (_NO_DIGITS, (_SEPARATOR,)),  # *at*
    ):
        mark(bit, opening, (_class("a"),), (_class("t"),))
        mark(bit, opening, (_SPACE,), (_class("a"),))
    mark(personal, (_AT,), _ALL, _ALL)
    mark(personal, (_PERCENT,), _HEXADECIMAL, _HEXADECIMAL)  # from here on: what `decode` decodes
    mark(personal, (_AND,), (*_LETTERS, _class("#")), _ALL)
    mark(personal, (_BACKSLASH,), (_class("u"), _class("x")), _ALL)
    mark(personal, (_LESS,), (*_LETTERS, _class("/")), _ALL)
    mark(personal, _DIGITS, (_UNDERSCORE,), _ALL)
    for word in filter(str.isascii, ALL_WORDS):
        if word != "@":
            rarest = (_class(character) for character in _rarest(word))
            bit = personal if word in NO_DIGITS.lower_words else _PERSONAL
            mark(bit, *((number,) for number in rarest))
    leet = (_LEET_DIGIT, _AT, _DOLLAR)
    mark(_DISGUISED, _LETTERS, _LETTERS, leet)
    mark(_DISGUISED, leet, _LETTERS, _LETTERS)
    mark(_DISGUISED, _LETTERS, leet, _LETTERS)
    mark(_DISGUISED, (_EXCLAMATION,), _LETTERS, _ALL)
    for letter in _LETTERS:
        mark(_DISGUISED, (letter,), (letter,), (letter,))
    mark(_MIXED, _LETTERS, _DIGITS, _ALL)
    mark(_MIXED, _DIGITS, _LETTERS, _ALL)
    mark(_SPACED_LETTER, _SEPARATORS, _LETTERS, _SEPARATORS)
    mark(_SINGLE_LETTER, _SEPARATORS, _LETTERS, [each for each in _ALL if each not in _LETTERS])
    mark(_GAP, _SPACES, _SPACES, _ALL)
    return table.reshape(-1)


def _rarest(word: str) -> str:
    """Return the three neighboring characters of a word that are rare in captions."""
    threes = (word[at : at + 3] for at in range(len(word) - 2))
    return max(threes, key=lambda three: (three not in _FREQUENT, sum(map(_rarity, three))))


def _rarity(character: str) -> int:
    return 0 if character.isdecimal() else _BY_FREQUENCY.find(character) % 32


@cache
def _in_long_words() -> npt.NDArray[np.bool_]:
    """Return for each class whether its characters are in long words of credentials."""
    return np.isin(_ALL, (*_LETTERS, *_DIGITS, _HYPHEN, _UNDERSCORE))


@cache
def _before_long_words() -> npt.NDArray[np.bool_]:
    return np.isin(_ALL, (_DOT, _HYPHEN, _UNDERSCORE))


def _class(character: str) -> int:
    return _class_of_bytes()[ord(character)]
