"""Replace matches in a text by placeholders that name their infotype."""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Match:
    """A span [start, end) of a text, in characters, with its infotype."""

    infotype: str
    start: int
    end: int


def merge(matches: Iterable[Match]) -> list[Match]:
    """Sort the matches and unite overlapping ones, so that redaction covers all of them.

    A united match takes the infotype of its longest member; among equally long ones, of the member
    that starts first or, if they start together, comes first in `matches`. Empty matches are
    removed.
    """
    merged: list[Match] = []
    longest = 0  # characters of the longest match united into merged[-1]
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
    """Replace each match by a placeholder such as [IBAN_CODE]; return text and counts by infotype.

    Overlapping matches become one placeholder and count once.
    """
    merged = merge(matches)
    pieces: list[str] = []
    position = 0  # end of the text copied so far
    for match in merged:
        pieces += text[position : match.start], f"[{match.infotype}]"
        position = match.end
    pieces.append(text[position:])
    return "".join(pieces), dict(Counter(match.infotype for match in merged))


def outside_placeholders(
    text: str, matches: Iterable[Match], infotypes: Collection[str]
) -> Iterator[Match]:
    """Yield the parts of the matches that are outside placeholders of these infotypes.

    Parts without letters and digits, such as a space between two placeholders, are left out.
    """
    placeholders = [found.span() for found in _PLACEHOLDER.finditer(text) if found[1] in infotypes]
    for match in matches:
        inside = [(a, b) for a, b in placeholders if a < match.end and b > match.start]
        if not inside:
            yield match
            continue
        position = match.start
        for start, end in [*inside, (match.end, match.end)]:
            if any(map(str.isalnum, text[position:start])):
                yield Match(match.infotype, position, start)
            position = end


_PLACEHOLDER = re.compile(r"\[([A-Z][A-Z0-9_]*)\]")
