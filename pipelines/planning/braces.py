"""Expands the braces of shard patterns, after counting the paths that the braces name."""

import re
from collections.abc import Iterator
from itertools import pairwise

import braceexpand

from schemas.errors import JobError

MAX_PATHS = 1_000_000  # of all patterns of a job, inclusive: their paths take up to 300 MB
_MAX_CHARACTERS = 100_000_000  # of these paths
_MAX_DEPTH = 10  # of braces within each other, inclusive
_MAX_DIGITS = 18  # of a number in a range
_NUMBERS = re.compile(r"(-?\d+)\.\.(-?\d+)(?:\.\.-?(\d+))?")
_LETTERS = re.compile(r"([A-Za-z])\.\.([A-Za-z])(?:\.\.-?(\d+))?")


class _Unbalanced(Exception):
    """The error of a brace that is not closed, or not opened."""


class PathBudget:
    """The numbers of paths and characters that are left for the patterns of a job.

    All patterns of a job share one budget.
    """

    def __init__(self) -> None:
        self._paths = MAX_PATHS
        self._characters = _MAX_CHARACTERS

    def expand(self, pattern: str) -> Iterator[str]:
        """Yield the paths that a pattern's braces name, in bash's order.

        Raises JobError as `count_paths` does, or if the budget is exceeded.
        """
        number = count_paths(pattern)
        self._paths -= number
        if self._paths < 0:
            raise JobError(
                f"input.shards: {pattern}: names {number:,} paths, and a job at most "
                f"{MAX_PATHS:,} in all: write a smaller range, or a glob such as *.tar"
            )
        for path in braceexpand.braceexpand(pattern):
            self._characters -= len(path)
            if self._characters < 0:
                raise JobError(
                    f"input.shards: {pattern}: its paths have more than {_MAX_CHARACTERS:,} "
                    "characters in all: write a glob such as *.tar"
                )
            yield path


def count_paths(pattern: str) -> int:
    """Return the number of paths that a pattern's braces name, without making the paths.

    For a range of letters, the number is an upper bound: the step is ignored, and the characters
    between Z and a are counted. Raises JobError if a brace is not closed or not opened, braces are
    nested too deeply, or a number in a range has too many digits.
    """
    try:
        return _count(pattern, 0)
    except _Unbalanced:
        raise JobError(f"input.shards: {pattern}: a brace is not closed, or not opened") from None


def _count(pattern: str, depth: int) -> int:
    if depth > _MAX_DEPTH:
        raise JobError(
            f"input.shards: braces lie within each other in more than {_MAX_DEPTH} levels: "
            "write several patterns"
        )
    number = 1
    for start, end in _top_braces(pattern):
        number *= _count_choices(pattern[start + 1 : end], depth + 1)
    return number


def _count_choices(inner: str, depth: int) -> int:
    """Return the number of texts that one pair of braces with this content names."""
    if numbers := _NUMBERS.fullmatch(inner):
        if any(len(digits or "") > _MAX_DIGITS for digits in numbers.groups()):
            raise JobError(f"input.shards: {{{inner}}}: a number has at most {_MAX_DIGITS} digits")
        first, last, step = int(numbers[1]), int(numbers[2]), int(numbers[3] or 1) or 1
        return abs(last - first) // step + 1
    if letters := _LETTERS.fullmatch(inner):
        return abs(ord(letters[2]) - ord(letters[1])) + 1
    commas = [position for position, depth_there in _commas(inner) if not depth_there]
    bounds = [-1, *commas, len(inner)]
    parts = [inner[a + 1 : b] for a, b in pairwise(bounds)]
    return sum(_count(part, depth) for part in parts)


def _top_braces(pattern: str) -> Iterator[tuple[int, int]]:
    """Yield (start, end) of each pair of braces that is not inside another pair.

    Raises _Unbalanced if a brace is not closed, or not opened.
    """
    depth = start = 0
    for position, character in _unescaped(pattern):
        if character == "{":
            start = start if depth else position
            depth += 1
        elif character == "}":
            depth -= 1
            if depth == 0:
                yield start, position
            elif depth < 0:
                raise _Unbalanced
    if depth:
        raise _Unbalanced


def _commas(inner: str) -> Iterator[tuple[int, int]]:
    """Yield (position, depth) of each comma; the depth is the number of braces around the comma."""
    depth = 0
    for position, character in _unescaped(inner):
        depth += (character == "{") - (character == "}")
        if character == ",":
            yield position, depth


def _unescaped(pattern: str) -> Iterator[tuple[int, str]]:
    position = 0
    while position < len(pattern):
        if pattern[position] == "\\":
            position += 1
        else:
            yield position, pattern[position]
        position += 1
