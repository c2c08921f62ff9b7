"""Adds mappings of numbers."""

from collections.abc import Mapping


def add_numbers(left: Mapping[str, int], right: Mapping[str, int]) -> dict[str, int]:
    """Add the numbers of each name; the result is sorted by name."""
    return {n: left.get(n, 0) + right.get(n, 0) for n in sorted({*left, *right})}
