"""The edit distance and the longest common subsequence of two sequences, bit by bit.

Each bit of a number is a place of the longer sequence, so that time grows with the product of the
lengths divided by the bits of a machine word. The longer sequence is taken in blocks, because the
numbers of its places would have the memory of all items times all places.
"""

from collections.abc import Container, Hashable, Iterator, Sequence

_BLOCK = 1 << 14  # places: at most 32 MiB for the numbers of a block


def edit_distance(left: Sequence[Hashable], right: Sequence[Hashable]) -> int:
    """Return the fewest insertions, deletions and replacements from one sequence to the other.

    Source: Myers, 1999; Hyyrö, 2003, of whose columns each block hands its last row to the next.
    """
    longer, shorter, _ = _differing(left, right)
    if not shorter:
        return len(longer)
    # Whether the number in the last row of the block before is higher than that of the column
    # before, and whether it is lower: in the first row of all, always higher.
    higher, lower = bytearray(b"\1" * len(shorter)), bytearray(len(shorter))
    for places, size in _blocks(longer, shorter):
        full, last = (1 << size) - 1, size - 1
        rises, falls = full, 0  # of a column, from one row to the next
        for column, item in enumerate(shorter):
            plus, minus = higher[column], lower[column]
            equal = places.get(item, 0) | minus
            diagonal = (((equal & rises) + rises) ^ rises) | equal | falls
            up, down = falls | (diagonal | rises) & full ^ full, rises & diagonal
            higher[column], lower[column] = up >> last, down >> last
            up, down = (up << 1 | plus) & full, (down << 1 | minus) & full
            rises, falls = down | (diagonal | up) & full ^ full, up & diagonal
    return len(longer) + sum(higher) - sum(lower)


def common_subsequence(left: Sequence[Hashable], right: Sequence[Hashable]) -> int:
    """Return the length of the longest common subsequence.

    Source: Allison and Dix, 1986; Hyyrö, 2004, of whose sums each block hands on the carries.
    """
    longer, shorter, common = _differing(left, right)
    carries = bytearray(len(shorter))
    for places, size in _blocks(longer, shorter):
        full = open_places = (1 << size) - 1
        for column, item in enumerate(shorter):
            matches = open_places & places.get(item, 0)
            total = open_places + matches + carries[column]
            carries[column] = total >> size
            open_places = (total | (open_places - matches)) & full
        common += size - open_places.bit_count()
    return common


def _differing(
    left: Sequence[Hashable], right: Sequence[Hashable]
) -> tuple[Sequence[Hashable], Sequence[Hashable], int]:
    """Return the longer and the shorter sequence between the items at both ends that are equal.

    The third value is the number of these items.
    """
    longer, shorter = (left, right) if len(left) >= len(right) else (right, left)
    most = len(shorter)
    start = next((n for n in range(most) if longer[n] != shorter[n]), most)
    rest = most - start
    end = next((n for n in range(rest) if longer[-1 - n] != shorter[-1 - n]), rest)
    return longer[start : len(longer) - end], shorter[start : most - end], start + end


def _blocks(
    longer: Sequence[Hashable], shorter: Sequence[Hashable]
) -> Iterator[tuple[dict[Hashable, int], int]]:
    """Yield where each block of the longer sequence has items of the shorter one, and its size."""
    wanted = set(shorter)
    for start in range(0, len(longer), _BLOCK):
        block = longer[start : start + _BLOCK]
        yield _places(block, wanted), len(block)


def _places(block: Sequence[Hashable], wanted: Container[Hashable]) -> dict[Hashable, int]:
    places: dict[Hashable, int] = {}
    for place, item in enumerate(block):
        if item in wanted:
            places[item] = places.get(item, 0) | 1 << place
    return places
