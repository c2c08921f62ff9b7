"""Adds mappings of numbers, and models whose fields are numbers."""

from collections.abc import Collection, Mapping
from typing import Any

from schemas.frozen import Frozen


def add_numbers(left: Mapping[str, int], right: Mapping[str, int]) -> dict[str, int]:
    """Add the numbers of each name; the result is sorted by name."""
    return {n: left.get(n, 0) + right.get(n, 0) for n in sorted({*left, *right})}


def add_fields(left: Frozen, right: Frozen, but: Collection[str] = ()) -> dict[str, Any]:
    """Add the fields of two values of one model, except those in `but`, by their names.

    The fields are numbers, or mappings of whole numbers.
    """
    others = vars(right)
    sums: dict[str, Any] = {}
    for name, mine in vars(left).items():
        if name not in but:
            is_number = isinstance(mine, int | float)
            sums[name] = mine + others[name] if is_number else add_numbers(mine, others[name])
    return sums
