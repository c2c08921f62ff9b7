"""A listed term: what is looked for, as what, and how much it tells."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal[
    "sexual",  # pornographic
    "suggestive",  # harmless of adults, not beside children
    "abuse",  # sexual content about minors in a word
    "minor",  # who is a child
    "vulgar",
    "slur",
    "insult",
    "threat",
    "hatred",  # verbs whose object may be a group of people
    "demeaning",  # what a group of people may be called
    "innocent",  # names and phrases in which a term means something else
]


@dataclass(frozen=True, slots=True)
class Term:
    """Lower case, words separated by single spaces."""

    text: str
    kind: Kind
    weight: float
    language: str


def listed(kind: Kind, weight: float, **languages: str) -> tuple[Term, ...]:
    """Terms of one kind and weight, by language, written with commas between them."""
    return tuple(
        Term(text.strip(), kind, weight, language)
        for language, texts in languages.items()
        for text in texts.split(",")
    )
