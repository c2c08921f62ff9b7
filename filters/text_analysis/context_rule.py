"""A pattern of the words around terms, with examples beside it."""

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ContextRule:
    """A pattern of the words around a term, with texts that it matches and texts that it does not.

    Texts before a term end where the term begins; texts after a term begin where the term ends.
    """

    regex: re.Pattern[str]
    examples: tuple[str, ...]
    counterexamples: tuple[str, ...]
