"""Splits a text into sentences."""

import re
from itertools import pairwise

# A run of marks is looked at once, from its first mark: a long one takes linear time.
_END = re.compile(r"(?<![.!?])[.!?]++[\"')\]]*+(?=\s|$)|[。！？]+")


def split_sentences(text: str) -> tuple[str, ...]:
    """Return the sentences of a text with the marks that end them, stripped of white space.

    A sentence ends with `.`, `!` or `?` before white space, or with one of their full-width forms.
    Abbreviations are not recognized. Marks without a text before them are no sentence.
    """
    ends = [0, *(match.end() for match in _END.finditer(text)), len(text)]
    parts = (text[start:end].strip() for start, end in pairwise(ends))
    return tuple(part for part in parts if _END.sub("", part).strip())
