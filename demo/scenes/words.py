"""The demo's vocabulary: names of shapes and colors, and captions in three languages."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal, get_args

Language = Literal["en", "es", "de"]
LANGUAGES: tuple[Language, ...] = get_args(Language)

SHAPES = ("circle", "square", "triangle", "star", "diamond", "cross")
COLORS: Mapping[str, tuple[int, int, int]] = {  # RGB
    "red": (214, 40, 40),
    "orange": (245, 133, 24),
    "yellow": (250, 212, 40),
    "green": (36, 150, 70),
    "blue": (35, 90, 205),
    "purple": (128, 60, 170),
    "black": (24, 24, 28),
    "white": (246, 246, 242),
}

WORDS_IN_PRINT = (
    "OPEN", "SALE", "EXIT", "STOP", "CAFE", "HOTEL", "MUSIC", "BOOKS", "TAXI", "BREAD",
    "PARK", "NEWS", "HELLO", "FRESH", "NORTH", "SOUTH", "LEMON", "RADIO", "FARM", "MILK",
)  # fmt: skip
ADDRESSES_IN_PRINT = (  # made up, with domains reserved for examples (RFC 2606)
    "ann@example.com", "leo@example.org", "shop@example.net", "office@example.com",
)  # fmt: skip

_NOUNS: Mapping[Language, Mapping[str, tuple[str, str]]] = {  # shape -> (noun, gender)
    "en": {shape: (shape, "") for shape in SHAPES},
    "es": {
        "circle": ("círculo", "m"),
        "square": ("cuadrado", "m"),
        "triangle": ("triángulo", "m"),
        "star": ("estrella", "f"),
        "diamond": ("rombo", "m"),
        "cross": ("cruz", "f"),
    },
    "de": {
        "circle": ("Kreis", "m"),
        "square": ("Quadrat", "n"),
        "triangle": ("Dreieck", "n"),
        "star": ("Stern", "m"),
        "diamond": ("Raute", "f"),
        "cross": ("Kreuz", "n"),
    },
}
_ADJECTIVES: Mapping[Language, Mapping[str, Mapping[str, str]]] = {  # color -> gender -> form
    "en": {color: {"": color} for color in COLORS},
    "es": {
        "red": {"m": "rojo", "f": "roja"},
        "orange": {"m": "naranja", "f": "naranja"},
        "yellow": {"m": "amarillo", "f": "amarilla"},
        "green": {"m": "verde", "f": "verde"},
        "blue": {"m": "azul", "f": "azul"},
        "purple": {"m": "morado", "f": "morada"},
        "black": {"m": "negro", "f": "negra"},
        "white": {"m": "blanco", "f": "blanca"},
    },
    "de": {
        color: {"m": f"{stem}er", "n": f"{stem}es", "f": f"{stem}e"}
        for color, stem in {
            "red": "rot",
            "orange": "orang",
            "yellow": "gelb",
            "green": "grün",
            "blue": "blau",
            "purple": "violett",
            "black": "schwarz",
            "white": "weiß",
        }.items()
    },
}
_AND: Mapping[Language, str] = {"en": "and", "es": "y", "de": "und"}
_ARTICLES: Mapping[Language, Mapping[str, str]] = {
    "en": {"": "a"},
    "es": {"m": "un", "f": "una"},
    "de": {"m": "ein", "n": "ein", "f": "eine"},
}
_WITH_THE_WORD: Mapping[Language, str] = {
    "en": "with the word",
    "es": "con la palabra",
    "de": "mit dem Wort",
}
PLACARD: Mapping[Language, str] = {
    "en": "a forbidden placard",
    "es": "un cartel prohibido",
    "de": "ein verbotenes Schild",
}
_PROMPTS = "caption cap describe ocr answer question detect segment ; en es de"
_QUESTIONS = "how many shapes are there ? what colour is the ? is there a an ? yes no"
# Words of phrases, regions, pairs and clips.
_LATER = (
    "shape left right of up down in box which image images has more both same way does move moves"
)


def name(language: Language, color: str, shape: str) -> str:
    """The name of a shape, such as `a red star`, `una estrella roja`, `ein roter Stern`."""
    noun, gender = _NOUNS[language][shape]
    adjective = _ADJECTIVES[language][color][gender]
    article = _ARTICLES[language][gender]
    if language == "en" and adjective[0] in "aeiou":
        article = "an"
    order = [noun, adjective] if language == "es" else [adjective, noun]
    return " ".join([article, *order])


def caption(language: Language, things: Sequence[tuple[str, str]], printed: str = "") -> str:
    """A sentence that names every (color, shape) in order, and the printed word if any.

    Without things it names the placard, the only scene without a shape.
    """
    if not things:
        return PLACARD[language]
    names = [name(language, color, shape) for color, shape in things]
    listing = f" {_AND[language]} ".join(
        [", ".join(names[:-1]), names[-1]] if names[:-1] else names
    )
    return f"{listing} {_WITH_THE_WORD[language]} {printed}" if printed else listing


def vocabulary() -> list[str]:
    """All words of the first prompts, of print and of captions, each once, in a fixed order."""
    return list(dict.fromkeys(_words()))


def later_vocabulary() -> list[str]:
    """The words that phrases, regions, pairs and clips need besides, in a fixed order."""
    return [word for word in _LATER.split() if word not in vocabulary()]


def _words() -> Iterator[str]:
    yield from f"{_PROMPTS} {_QUESTIONS}".split()
    yield from WORDS_IN_PRINT
    for address in ADDRESSES_IN_PRINT:
        yield from re.findall(r"\w+", address)
    for language in LANGUAGES:
        yield from f"{_AND[language]} {_WITH_THE_WORD[language]} {PLACARD[language]}".split()
        for shape in SHAPES:
            for color in COLORS:
                yield from name(language, color, shape).split()
