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
    "hatred",  # verbs that can have a group of people as their object
    "demeaning",  # demeaning words for a group of people
    "innocent",  # names and phrases in which a term means something else
]


@dataclass(frozen=True, slots=True)
class Term:
    """A term in lower case, its words separated by single spaces."""

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
