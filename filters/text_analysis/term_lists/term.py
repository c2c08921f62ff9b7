"""One term of a term list, with its kind, weight and language."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Literal

_ALTERNATIVES = re.compile(r"\(([^()]*)\)")

Kind = Literal[
    "sexual",  # pornographic
    "suggestive",  # harmless about adults, but not near words for children
    "abuse",  # names sexual content about minors by itself
    "hint",  # pornographic in a text that also has a setting
    "setting",  # a word of adverts and video titles
    "act",  # pornographic near a performer
    "performer",  # a word for a person in pornography, and for many others
    "minor",  # a word for a child
    "vulgar",
    "slur",
    "insult",
    "threat",
    "group",  # a word for a group of people, or for any people
    "attack",  # a word that an attack on a group of people may have
    "innocent",  # names and phrases in which a term means something else
]
# Kinds whose terms count only in texts that have terms of both.
PAIRS: tuple[tuple[Kind, Kind], ...] = (
    ("group", "attack"),
    ("hint", "setting"),
    ("act", "performer"),
)


@dataclass(frozen=True, slots=True)
class Term:
    """A term in lower case, its words separated by single spaces.

    `language` is an ISO 639 code, or "any" for a term that people use in texts of any language.
    """

    text: str
    kind: Kind
    weight: float
    language: str


def terms(kind: Kind, weight: float, **languages: str) -> tuple[Term, ...]:
    """Build terms of one kind and weight from comma-separated texts, one per language.

    `sex (clip|clips)` and `sex clip(|s)` both stand for `sex clip` and `sex clips`.
    """
    return tuple(
        Term(text, kind, weight, language)
        for language, texts in languages.items()
        for pattern in texts.split(",")
        for text in _spellings(pattern.strip())
    )


def _spellings(pattern: str) -> Iterator[str]:
    """Yield the texts that a pattern with alternatives in parentheses stands for."""
    pieces = _ALTERNATIVES.split(pattern)  # literal, alternatives, literal, ...
    choices = (piece.split("|") if number % 2 else [piece] for number, piece in enumerate(pieces))
    yield from map("".join, product(*choices))
