"""Text in one form for matching, with spans that lead back to the original."""

import re
import unicodedata
from array import array
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache, lru_cache

# Default_Ignorable_Code_Point of DerivedCoreProperties.txt (Unicode 16): shown as nothing.
_IGNORABLE = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3"
    "\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
_IGNORED = re.compile(f"[{_IGNORABLE}]+")
# Look like a dash and are of another category than Pd.
_DASHES = "\u02d7\u2043\u2212\u2796"
# Where characters can change: without Han, Hangul syllables and private use, which never do.
_CHANGING_BLOCKS = (
    range(0x80, 0x3400),
    range(0xA000, 0xAC00),
    range(0xD7A4, 0xD800),
    range(0xF900, 0x17000),
    range(0x18D00, 0x20000),
    range(0x2F800, 0x2FA20),
)
# Accents, and the vowel points and stretching of Hebrew and Arabic. (Indic vowels are letters.)
_ACCENTS = (
    "\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u05bf-\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u0640"
    "\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed\u1ab0-\u1ace\u1dc0-\u1dff"
    "\u20d0-\u20f0\ufe20-\ufe2f"
)
_ACCENT = re.compile(f"[{_ACCENTS}]")
_BOXED = "\U0001f150-\U0001f169\U0001f170-\U0001f189"  # letters on black, which NFKC leaves
_WORD = re.compile(f"[\\w{_ACCENTS}{_BOXED}]+")
# Latin letters of other shapes, as the letter they are read as, in all words.
_LATIN: dict[int, str | int | None] = {
    **str.maketrans("ıɪɩɑɡøɔłʟđħŧƒɛəʏʙᴄᴅᴇꜰɢʜᴊᴋᴍɴᴏᴘʀꜱᴛᴜᴠᴡᴢ", "iiiagoolldhtfeeybcdefghjkmnoprstuvwz"),
    **{0x1F150 + index: chr(ord("a") + index) for index in range(26)},
    **{0x1F170 + index: chr(ord("a") + index) for index in range(26)},
}
# Cyrillic, Greek, Armenian and Cherokee letters that look Latin, from confusables.txt (Unicode 16);
# those it likens to small capitals are among them. As pairs.
_LOOK_ALIKES = (
    "Аa аa Вb вb Ьb ьb Сc сc Ԁd ԁd Еe еe Ёe ёe Ԍg Нh нh Һh һh Іi іi Їi їi Јj јj Кk кk Ӏl ӏl Мm мm "
    "пn Оo оo Рp рp Ԛq ԛq гr Ѕs ѕs Тt тt Ѵv ѵv Ԝw ԝw Хx хx Уy уy Үy үy "
    "Αa αa άa Βb Ϲc ϲc Εe εe έe Ηh ηn Ιi ιi ίi Ϳj ϳj Κk κk Μm Νn νv Οo οo όo Ρp ρp Τt τt υu ύu Υy "
    "γy Χx χx Ζz աw զq հh յj ոn օo Օo սu ցg Տs Լl "
    "Ꭰd Ꭱr Ꭲt Ꭵi Ꭺa Ꭻj Ꭼe Ꮃw Ꮇm Ꮋh Ꮍy Ꮐg Ꮓz Ꮤw Ꮥs Ꮩv Ꮪs Ꮮl Ꮯc Ꮲp Ꮶk Ꮷd Ᏼb"
)
_LATIN_IN_MIXED_WORDS = {ord(other): latin for other, latin in map(tuple, _LOOK_ALIKES.split())}


@dataclass(frozen=True, slots=True)
class _Changes:
    """Where a text's length changed, as columns in order: pieces of the new text and of the old."""

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
        """Start and end, in the old text, of what the character at a position was made of."""
        index = bisect_right(self.starts, position) - 1
        if index >= 0 and position < self.ends[index]:
            return self.old_starts[index], self.old_ends[index]
        moved = self.old_ends[index] - self.ends[index] if index >= 0 else 0
        return position + moved, position + moved + 1


@dataclass(frozen=True, slots=True)
class Normalised:
    """A text for matching; `span` leads back to the text it was made from."""

    text: str = field(repr=False)
    _changes: _Changes | None = field(default=None, repr=False)
    _before: "Normalised | None" = field(default=None, repr=False)

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Start and end, in the original, of what became [start, end): whole characters.

        Characters that were left out are covered inside of a span and not at its ends.
        """
        if self._changes:
            first, after = self._changes.origin(start)
            if end > start:
                _, after = self._changes.origin(end - 1)
            start, end = first, after if end > start else first
        return self._before.span(start, end) if self._before else (start, end)


def normalise(text: str) -> Normalised:
    """NFKC; decimal digits, dashes and spaces as ASCII's; without characters that show as nothing.

    Done cluster by cluster, so that spans lead back: a character and the marks that combine with
    it, at most 30 at a time, as in the Stream-Safe Text Format of UAX #15, for normalising takes
    the square of their number. ASCII stays what it is.
    """
    if text.isascii():
        return Normalised(text)
    changing, clusters = _patterns()
    if not changing.search(text):
        return Normalised(text)
    found = ((match.span(), _cluster(match[0])) for match in clusters.finditer(text))
    return _rewritten(Normalised(text), found)


def _rewritten(
    before: Normalised, replacements: Iterable[tuple[tuple[int, int], str]]
) -> Normalised:
    """The text with spans of it, in order, replaced."""
    text = before.text
    pieces: list[str] = []
    changes = _Changes()
    written, size = 0, 0  # so far of the old text, and of the new
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
        return before
    pieces.append(text[written:])
    return Normalised("".join(pieces), changes if changes.starts else None, before)


@cache
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """What finds that anything may change, and what finds the pieces that may.

    These are: a character with its marks, one that changes alone, and ignorable ones. Made at the
    first text that is not ASCII, in 0.1 s.
    """
    characters = [chr(code) for block in _CHANGING_BLOCKS for code in block]
    marks = _one_of(char for char in characters if _combines(char))
    alone = _one_of(char for char in characters if _cluster(char) != char)
    ignorable = f"[{_IGNORABLE}]"
    return (
        re.compile(f"{alone}|{marks}|{ignorable}"),
        re.compile(f"[^{_IGNORABLE}](?:{ignorable}*{marks}){{1,30}}|{alone}|{ignorable}+"),
    )


def _combines(char: str) -> bool:
    """Whether a character can merge or change places with the one before it."""
    first = unicodedata.normalize("NFKD", char)[0]
    return (
        unicodedata.category(first)[0] == "M"
        or "\u1161" <= first <= "\u1175"  # vowels and final consonants of Hangul
        or "\u11a8" <= first <= "\u11c2"
        or first in "\U00016d63\U00016d67"  # vowels of Kirat Rai, which are no marks
    ) and not _IGNORED.match(char)


def _one_of(characters: Iterable[str]) -> str:
    """A regular expression for one of the characters, all above ASCII.

    Those beyond the first plane stand apart, behind a look at the plane: a class is searched range
    by range there, which took nine tenths of the time on texts that have none.
    """
    ranges: dict[bool, list[list[str]]] = {False: [], True: []}
    for char in characters:
        beyond = ranges[char > "\uffff"]
        if beyond and ord(char) == ord(beyond[-1][1]) + 1:
            beyond[-1][1] = char
        else:
            beyond.append([char, char])
    first, further = ("".join(f"{a}-{b}" for a, b in each) for each in ranges.values())
    return f"(?:[{first}]|[^\\0-\uffff](?<=[{further}]))"


@lru_cache(maxsize=1 << 14)
def _cluster(cluster: str) -> str:
    composed = unicodedata.normalize("NFKC", _IGNORED.sub("", cluster))
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


def fold(text: Normalised) -> Normalised:
    """For word lists: case-folded, without accents and vowel points, look-alikes as Latin letters.

    Letters of other scripts that look Latin (of Unicode's confusables.txt) are read as Latin in
    words that hold a Latin letter too, and nowhere else: "sеx" with a Cyrillic e is no Russian
    word, while "сор" is one, and a list of Russian words holds it as it is. So what becomes of a
    word does not depend on its surroundings, and a list's words, folded, are found in folded texts.
    A word in look-alikes alone stays unread. Leetspeak is left as it is.
    """
    value = text.text
    if value.isascii():
        return Normalised(value.lower(), None, text)
    value = _WORD.sub(_latin_if_mixed, value)
    uneven = frozenset(char for char in set(value) if len(_folded(char)) != 1)
    even = str.maketrans({char: _folded(char) for char in set(value) - uneven})
    same_length = Normalised(value.translate(even), None, text)
    if not uneven:
        return same_length
    found = (
        ((index, index + 1), _folded(char)) for index, char in enumerate(value) if char in uneven
    )
    return _rewritten(same_length, found)


def _latin_if_mixed(word: re.Match[str]) -> str:
    if word[0].isascii() or not any("a" <= char <= "z" for char in "".join(map(_folded, word[0]))):
        return word[0]
    return word[0].translate(_LATIN_IN_MIXED_WORDS)


@lru_cache(maxsize=1 << 14)
def _folded(char: str) -> str:
    without = _ACCENT.sub("", unicodedata.normalize("NFD", char.casefold()))
    return unicodedata.normalize("NFC", without).translate(_LATIN)
