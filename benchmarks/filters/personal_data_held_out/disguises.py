"""Write e-mail addresses, card numbers and telephone numbers in disguise."""

import re
from collections.abc import Callable, Iterator
from html import escape
from urllib.parse import quote

VALUES = {
    "EMAIL_ADDRESS": ("jonas.falk@kettelworks.org", "mira_28@blue-harbor.net"),
    "CREDIT_CARD_NUMBER": ("4539 1488 0343 6467", "5425-2334-3010-9903"),
    "PHONE_NUMBER": ("+1 415 738 2916", "+49 171 3847296"),
}
THIRD_VALUES = {
    "EMAIL_ADDRESS": ("petra.lindqvist@nordmill.com", "tomas81@stillwater.io"),
    "CREDIT_CARD_NUMBER": ("4485 0408 7166 2013", "5204-7401-0500-2210"),
    "PHONE_NUMBER": ("+34 634 278 915", "+1 (617) 394-8250"),
}
FULL_WIDTH = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}
DIGIT_WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
NAMED = {"@": "&commat;", ".": "&period;", "+": "&plus;", "-": "&hyphen;", " ": "&nbsp;"}
HOMOGLYPHS = str.maketrans({"a": "а", "e": "е", "o": "о", "0": "О", "1": "l"})


def each(text: str, shape: str) -> str:
    return "".join(shape.format(ord(letter)) for letter in text)


def marks(text: str, shape: str) -> str:
    return re.sub(r"[^A-Za-z0-9]", lambda found: shape.format(ord(found[0])), text)


def between(text: str, separator: str) -> str:
    """`text` with `separator` for its spaces and hyphens, or around the @ of an address."""
    if "@" in text:
        return text.replace("@", f"{separator}@{separator}")
    return re.sub(r"[ -]", separator, text)


def spelled(text: str, at: str, dot: str) -> str:
    if "@" in text:
        return text.replace("@", at).replace(".", dot)
    return re.sub(r"\d", lambda found: DIGIT_WORDS[int(found[0])] + " ", text)


DISGUISES: dict[str, Callable[[str], str]] = {
    "percent": lambda text: quote(text, safe=""),
    "percent, every character": lambda text: each(text, "%{:02X}"),
    "percent twice": lambda text: quote(quote(text, safe=""), safe=""),
    "entity, named": lambda text: "".join(NAMED.get(letter, letter) for letter in text),
    "entity, decimal": lambda text: marks(text, "&#{};"),
    "entity, hexadecimal": lambda text: marks(text, "&#x{:x};"),
    "entity, every character": lambda text: each(text, "&#{};"),
    "entity twice": lambda text: escape(marks(text, "&#{};")),
    "escape": lambda text: marks(text, "\\u{:04x}"),
    "escape, every character": lambda text: each(text, "\\u{:04X}"),
    "tag": lambda text: between(text, "<br>"),
    "tag with attribute": lambda text: between(text, '<span class="x"></span>'),
    "underscore": lambda text: between(text, "_"),
    "full width": lambda text: text.translate(FULL_WIDTH),
    "spelled": lambda text: spelled(text, " at ", " dot "),
    "spelled in brackets": lambda text: spelled(text, " [at] ", " [dot] "),
    "zero width": "\u200b".join,
    "homoglyph": lambda text: text.translate(HOMOGLYPHS),
    "full width in percent": lambda text: quote(text.translate(FULL_WIDTH), safe=""),
    "zero width in entities": lambda text: marks("\u200d".join(text), "&#{};"),
}


WORDS = {
    "en": "zero one two three four five six seven eight nine",
    "es": "cero uno dos tres cuatro cinco seis siete ocho nueve",
    "de": "null eins zwei drei vier fünf sechs sieben acht neun",
    "fr": "zéro un deux trois quatre cinq six sept huit neuf",
    "it": "zero uno due tre quattro cinque sei sette otto nove",
    "pt": "zero um dois três quatro cinco seis sete oito nove",
    "nl": "nul een twee drie vier vijf zes zeven acht negen",
    "ru": "ноль один два три четыре пять шесть семь восемь девять",
}
SIGNS = {  # at and dot
    "es": (" arroba ", " punto "),
    "de": (" (ät) ", " (punkt) "),
    "fr": (" arobase ", " point "),
    "it": (" chiocciola ", " punto "),
    "pt": (" arroba ", " ponto "),
    "nl": (" apenstaartje ", " punt "),
    "ru": (" собака ", " точка "),
    "pl": (" małpa ", " kropka "),
    "en": (" {at} ", " {dot} "),
}


def in_words(text: str, words: str, separator: str) -> str:
    names = words.split()
    digits = separator.join(names[int(digit)] for digit in re.sub(r"\D", "", text))
    return "+" + digits if text.startswith("+") else digits


def replaced(text: str, letters: dict[str, str]) -> str:
    """`text` with letters for digits, which leaves the letters of an address as they are."""
    return text if "@" in text else text.translate(str.maketrans(letters))


def spaced(text: str, separator: str) -> str:
    plus = text[:1] if text.startswith("+") else ""
    return plus + separator.join(re.sub(r"\D", "", text))


def third_disguises() -> Iterator[tuple[str, Callable[[str], str]]]:
    """Disguises that were written before the code that finds disguises was read or extended."""
    for code, (at, dot) in SIGNS.items():
        yield (
            f"address spelled, {code}",
            lambda text, at=at, dot=dot: (
                text.replace("@", at).replace(".", dot) if "@" in text else ""
            ),
        )
    for code, words in WORDS.items():
        for name, separator in (("spaces", " "), ("hyphens", "-"), ("commas", ", ")):
            yield (
                f"digits as words, {code}, {name}",
                lambda text, words=words, by=separator: (
                    "" if "@" in text else in_words(text, words, by)
                ),
            )
    for letters in ({"1": "l", "0": "O"}, {"1": "I", "0": "o"}, {"0": "О"}, {"0": "о"}, {"1": "і"}):
        name = "".join(letters.values())
        yield (
            f"letters {name} for digits",
            lambda text, letters=letters: (
                "" if replaced(text, letters) == text else replaced(text, letters)
            ),
        )
    for name, zero in (("Arabic", 0x660), ("Devanagari", 0x966), ("bold", 0x1D7CE)):
        yield (
            f"digits, {name}",
            lambda text, zero=zero: (
                "" if "@" in text else text.translate({0x30 + n: zero + n for n in range(10)})
            ),
        )
    yield (
        "digits, keycaps",
        lambda text: "" if "@" in text else re.sub(r"(\d)", "\\1\ufe0f\u20e3", text),
    )
    yield "soft hyphens", "\u00ad".join
    yield "digits with spaces", lambda text: "" if "@" in text else spaced(text, " ")
    yield "digits with dots", lambda text: "" if "@" in text else spaced(text, ".")


def disguised() -> Iterator[tuple[str, str, str]]:
    """Yield name of the disguise, infotype, and the value as the disguise writes it."""
    for name, disguise in DISGUISES.items():
        for infotype, values in VALUES.items():
            for value in values:
                yield name, infotype, disguise(value)


def third_disguised() -> Iterator[tuple[str, str, str]]:
    """Like `disguised`, for the third set; a disguise that does not change a value is left out."""
    for name, disguise in third_disguises():
        for infotype, values in THIRD_VALUES.items():
            for value in values:
                if written := disguise(value):
                    yield name, infotype, written
