"""Replacing what was found in a text by placeholders that name its kind."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Match:
    """The characters [start, end) of a text, and what they are."""

    infotype: str
    start: int
    end: int


def merge(matches: Iterable[Match]) -> list[Match]:
    """In order, those that overlap made one, so that nothing of any of them is left.

    It is named after the longest of them; of equals, after the one that starts first, or is given
    first. Empty ones go.
    """
    merged: list[Match] = []
    longest = 0  # of those that are in the last of `merged`
    for match in sorted(matches, key=lambda match: match.start):
        size = match.end - match.start
        if size <= 0:
            continue
        if not merged or match.start >= merged[-1].end:
            merged.append(match)
            longest = size
            continue
        last = merged[-1]
        infotype = match.infotype if size > longest else last.infotype
        merged[-1] = Match(infotype, last.start, max(last.end, match.end))
        longest = max(longest, size)
    return merged


def redact_matches(text: str, matches: Iterable[Match]) -> tuple[str, dict[str, int]]:
    """The text with each match as a placeholder such as [IBAN_CODE], and how many of each kind."""
    merged = merge(matches)
    pieces: list[str] = []
    written = 0
    for match in merged:
        pieces += text[written : match.start], f"[{match.infotype}]"
        written = match.end
    pieces.append(text[written:])
    return "".join(pieces), dict(Counter(match.infotype for match in merged))
