"""Unicode normalization for matching, with spans that map back to the original text."""

import re
import unicodedata
from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import cast

# Default_Ignorable_Code_Point in DerivedCoreProperties.txt (Unicode 16): these render as nothing.
_IGNORABLE = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3"
    "\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
_IGNORED = re.compile(f"[{_IGNORABLE}]+")
# Characters that look like a dash but are not of category Pd.
_DASHES = "\u02d7\u2043\u2212\u2796"
_KEYCAP = "\u20e3"  # encloses a digit, as in the emoji of keys
# Blocks whose characters can change; Han, Hangul syllables and private use never do.
_CHANGING_BLOCKS = (
    range(0x80, 0x3400),
    range(0xA000, 0xAC00),
    range(0xD7A4, 0xD800),
    range(0xF900, 0x17000),
    range(0x18D00, 0x20000),
    range(0x2F800, 0x2FA20),
)
# Accents, vowel points of Hebrew and Arabic, and Arabic tatweel. (Indic vowel signs are letters.)
_ACCENTS = (
    "\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u05bf-\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u0640"
    "\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed\u1ab0-\u1ace\u1dc0-\u1dff"
    "\u20d0-\u20f0\ufe20-\ufe2f"
)
_ACCENT = re.compile(f"[{_ACCENTS}]")
_BOXED = "\U0001f150-\U0001f169\U0001f170-\U0001f189"  # letters on black, which NFKC keeps
_WORD = re.compile(f"[\\w{_ACCENTS}{_BOXED}]+")
# Variant shapes of Latin letters -> plain letter; replaced in all words.
_LATIN: dict[int, str | int | None] = {
    **str.maketrans("ıɪɩɑɡøɔłʟđħŧƒɛəʏʙᴄᴅᴇꜰɢʜᴊᴋᴍɴᴏᴘʀꜱᴛᴜᴠᴡᴢ", "iiiagoolldhtfeeybcdefghjkmnoprstuvwz"),
    **{0x1F150 + index: chr(ord("a") + index) for index in range(26)},
    **{0x1F170 + index: chr(ord("a") + index) for index in range(26)},
}
# Cyrillic, Greek, Armenian and Cherokee letters that look Latin, from confusables.txt (Unicode 16),
# its look-alikes of small capitals included. Each pair is the letter and its Latin look-alike.
_LOOK_ALIKES = (
    "Аa аa Вb вb Ьb ьb Сc сc Ԁd ԁd Еe еe Ёe ёe Ԍg Нh нh Һh һh Іi іi Їi їi Јj јj Кk кk Ӏl ӏl Мm мm "
    "пn Оo оo Рp рp Ԛq ԛq гr Ѕs ѕs Тt тt Ѵv ѵv Ԝw ԝw Хx хx Уy уy Үy үy "
    "Αa αa άa Βb Ϲc ϲc Εe εe έe Ηh ηn Ιi ιi ίi Ϳj ϳj Κk κk Μm Νn νv Οo οo όo Ρp ρp Τt τt υu ύu Υy "
    "γy Χx χx Ζz աw զq հh յj ոn օo Օo սu ցg Տs Լl "
    "Ꭰd Ꭱr Ꭲt Ꭵi Ꭺa Ꭻj Ꭼe Ꮃw Ꮇm Ꮋh Ꮍy Ꮐg Ꮓz Ꮤw Ꮥs Ꮩv Ꮪs Ꮮl Ꮯc Ꮲp Ꮶk Ꮷd Ᏼb"
)
_LATIN_IN_MIXED_WORDS = {ord(other): latin for other, latin in map(tuple, _LOOK_ALIKES.split())}
_LOOK_ALIKE = frozenset(map(chr, _LATIN_IN_MIXED_WORDS))
_A_TO_Z = re.compile("[a-z]")


@dataclass(frozen=True, slots=True)
class _LengthChanges:
    """Replaced spans that changed the length, in order: their positions in new and old text."""

    starts: "array[int]" = field(default_factory=lambda: array("I"))
    ends: "array[int]" = field(default_factory=lambda: array("I"))
    old_starts: "array[int]" = field(default_factory=lambda: array("I"))
    old_ends: "array[int]" = field(default_factory=lambda: array("I"))

    def add(self, start: int, end: int, old_start: int, old_end: int) -> None:
        self.starts.append(start)
        self.ends.append(end)
        self.old_starts.append(old_start)
        self.old_ends.append(old_end)

    def origin(self, position: int) -> tuple[int, int]:
        """Return start and end, in the old text, of what became the new character at `position`."""
        index = bisect_right(self.starts, position) - 1
        if index >= 0 and position < self.ends[index]:
            return self.old_starts[index], self.old_ends[index]
        offset = self.old_ends[index] - self.ends[index] if index >= 0 else 0
        return position + offset, position + offset + 1


@dataclass(frozen=True, slots=True)
class NormalizedText:
    """A normalized text; `span` maps positions back to the original text."""

    text: str = field(repr=False)
    _changes: _LengthChanges | None = field(default=None, repr=False)
    _source: "NormalizedText | None" = field(default=None, repr=False)

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Return start and end, in the original text, of the normalized span [start, end).

        The result covers whole characters. It includes removed characters inside the span, but not
        at its ends.
        """
        if self._changes:
            first, after = self._changes.origin(start)
            if end > start:
                _, after = self._changes.origin(end - 1)
            start, end = first, after if end > start else first
        return self._source.span(start, end) if self._source else (start, end)


def normalize(text: str) -> NormalizedText:
    """Apply NFKC, map digits, dashes and spaces to ASCII, and remove ignorable characters.

    The text is normalized cluster by cluster, so that spans can be mapped back. A cluster is a
    character with its combining marks: at most 30 marks, as in the Stream-Safe Text Format of UAX
    #15, because the time grows with the square of their number. ASCII text is returned unchanged.
    """
    return normalize_again(NormalizedText(text))


def normalize_again(source: NormalizedText) -> NormalizedText:
    """Normalize a text that was changed since; spans map back to its original."""
    text = source.text
    if text.isascii():
        return source
    changes = {char: new for char in set(text) if char > "\x7f" and (new := _alone(char)) != char}
    if not changes:
        return source
    if None in changes.values():
        return replace_spans(source, ((m.span(), _cluster(m[0])) for m in _clusters()(text)))
    return _replace_characters(source, cast("dict[str, str]", changes))


def _replace_characters(source: NormalizedText, changes: dict[str, str]) -> NormalizedText:
    text = source.text
    if all(len(new) == 1 for new in changes.values()):
        if not changes.keys().isdisjoint(changes.values()):
            codes = {ord(char): new for char, new in changes.items()}
            return NormalizedText(text.translate(codes), None, source)
        for char, new in changes.items():  # for few characters faster than `translate`
            text = text.replace(char, new)
        return NormalizedText(text, None, source)
    replacements = (
        ((index, index + 1), changes[char]) for index, char in enumerate(text) if char in changes
    )
    return replace_spans(source, replacements)


def replace_spans(
    source: NormalizedText, replacements: Iterable[tuple[tuple[int, int], str]]
) -> NormalizedText:
    """Replace spans of the text; the spans come in order."""
    text = source.text
    pieces: list[str] = []
    changes = _LengthChanges()
    written, size = 0, 0  # characters done so far: of the old text, of the new text
    for (start, end), new in replacements:
        if text[start:end] == new:
            continue
        pieces += text[written:start], new
        size += start - written
        if not len(new) == end - start == 1:
            changes.add(size, size + len(new), start, end)
        size += len(new)
        written = end
    if not pieces:
        return source
    pieces.append(text[written:])
    return NormalizedText("".join(pieces), changes if changes.starts else None, source)


@lru_cache(maxsize=1 << 14)
def _alone(char: str) -> str | None:
    """Return what becomes of a character without combining marks.

    None: it is ignorable, or it can merge with the characters before it.
    """
    if _IGNORED.match(char):
        return None
    if not any(ord(char) in block for block in _CHANGING_BLOCKS):
        return char
    return None if _combines(char) else _cluster(char)


@cache
def _clusters() -> Callable[[str], Iterator[re.Match[str]]]:
    """Return a function that finds the clusters that can change, in order.

    A cluster is a character with its combining marks, a character that changes by itself, or a run
    of ignorable characters. The pattern is built at the first text with a mark or an ignorable
    character, in 0.1 s.
    """
    characters = [chr(code) for block in _CHANGING_BLOCKS for code in block]
    marks = _one_of(char for char in characters if _combines(char))
    alone = _one_of(char for char in characters if _cluster(char) != char)
    ignorable = f"[{_IGNORABLE}]"
    return re.compile(
        f"[^{_IGNORABLE}](?:{ignorable}*{marks}){{1,30}}|{alone}|{ignorable}+"
    ).finditer


def _combines(char: str) -> bool:
    """Return whether a character can merge or swap places with the character before it."""
    first = unicodedata.normalize("NFKD", char)[0]
    return (
        unicodedata.category(first)[0] == "M"
        or "\u1161" <= first <= "\u1175"  # vowels and final consonants of Hangul
        or "\u11a8" <= first <= "\u11c2"
        or first in "\U00016d63\U00016d67"  # vowels of Kirat Rai, which are not of category M
    ) and not _IGNORED.match(char)


def _one_of(characters: Iterable[str]) -> str:
    """Return a regular expression for any of the characters, which are all beyond ASCII.

    Characters beyond the Basic Multilingual Plane get a separate class, tried only on characters of
    those planes: `re` searches such a class range by range, which took nine tenths of the time on
    texts without such characters.
    """
    ranges: dict[bool, list[list[str]]] = {False: [], True: []}
    for char in characters:
        plane = ranges[char > "\uffff"]
        if plane and ord(char) == ord(plane[-1][1]) + 1:
            plane[-1][1] = char
        else:
            plane.append([char, char])
    basic, beyond = ("".join(f"{a}-{b}" for a, b in plane) for plane in ranges.values())
    return f"(?:[{basic}]|[^\\0-\uffff](?<=[{beyond}]))"


@lru_cache(maxsize=1 << 14)
def _cluster(cluster: str) -> str:
    composed = unicodedata.normalize("NFKC", _IGNORED.sub("", cluster).replace(_KEYCAP, ""))
    return composed if composed.isascii() else "".join(map(_character, composed))


def _character(char: str) -> str:
    match unicodedata.category(char):
        case "Nd":
            return str(unicodedata.decimal(char))
        case "Pd":
            return "-"
        case "Zs":
            return " "
        case "Zl" | "Zp":
            return "\n"
    return "-" if char in _DASHES else char


def fold_confusables(text: NormalizedText) -> NormalizedText:
    """Fold case, remove accents and vowel points, and replace look-alikes by Latin letters.

    Look-alikes are letters of other scripts that look Latin (Unicode's confusables.txt). They are
    replaced only in words that also have a Latin letter: "sеx" with a Cyrillic e is no Russian
    word, while "сор" is one, and a list of Russian terms has it in Cyrillic. A word of look-alikes
    alone is not replaced. The result for a word does not depend on the words around it, so folded
    terms match in folded texts. Leetspeak is unchanged.
    """
    value = text.text
    if value.isascii():
        return NormalizedText(value.lower(), None, text)
    characters = set(value)
    if not _LOOK_ALIKE.isdisjoint(characters):
        value = _WORD.sub(_latin_if_mixed, value)
        characters = set(value)
    changes = {char: new for char in characters if (new := _folded(char)) != char}
    if not changes:
        return NormalizedText(value, None, text)
    return _replace_characters(NormalizedText(value, None, text), changes)


def _latin_if_mixed(word: re.Match[str]) -> str:
    if word[0].isascii() or not _A_TO_Z.search("".join(map(_folded, word[0]))):
        return word[0]
    return word[0].translate(_LATIN_IN_MIXED_WORDS)


@lru_cache(maxsize=1 << 14)
def _folded(char: str) -> str:
    unaccented = _ACCENT.sub("", unicodedata.normalize("NFD", char.casefold()))
    return unicodedata.normalize("NFC", unaccented).translate(_LATIN)
