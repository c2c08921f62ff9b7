"""The edit distance of two sequences."""

from collections.abc import Hashable, Sequence


def edit_distance(left: Sequence[Hashable], right: Sequence[Hashable]) -> int:
    """Return the fewest insertions, deletions and replacements from one sequence to the other.

    Each bit of a number is a place of the left sequence (Myers, 1999; Hyyrö, 2003), so that time
    grows with the product of the lengths divided by the bits of a machine word.
    """
    if not left:
        return len(right)
    places: dict[Hashable, int] = {}
    for place, item in enumerate(left):
        places[item] = places.get(item, 0) | 1 << place
    full, last = (1 << len(left)) - 1, 1 << len(left) - 1
    rises, falls, distance = full, 0, len(left)  # of the column, from one row to the next
    for item in right:
        equal = places.get(item, 0)
        diagonal = (((equal & rises) + rises) ^ rises) | equal | falls
        up, down = falls | ~(diagonal | rises) & full, rises & diagonal
        distance += bool(up & last) - bool(down & last)
        up, down = (up << 1 | 1) & full, down << 1 & full
        rises, falls = down | ~(diagonal | up) & full, up & diagonal
    return distance
