"""One term of a term list, with its kind, weight and language."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal[
    "sexual",  # pornographic
    "suggestive",  # harmless about adults, but not near words for children
    "abuse",  # names sexual content about minors by itself
    "minor",  # a word for a child
    "vulgar",
    "slur",
    "insult",
    "threat",
    "group",  # a word for a group of people, or for any people
    "attack",  # a word that an attack on a group of people may have
    "innocent",  # names and phrases in which a term means something else
]


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
    """Build terms of one kind and weight from comma-separated texts, one per language."""
    return tuple(
        Term(text.strip(), kind, weight, language)
        for language, texts in languages.items()
        for text in texts.split(",")
    )
