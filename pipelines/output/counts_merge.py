"""Merges the small objects with counts that many runs leave, and deletes those that count nothing.

Merged objects are written before the others are deleted. A process that dies in between leaves
counts twice, which are counted once.
"""

import numpy as np

from pipelines.output.counts import UNITS_PER_OBJECT, CountsWriter, read_objects
from pipelines.output.layout import Layout
from pipelines.output.listing import OutputListing
from pipelines.storage.storage import Storage

_SPARE = 8  # objects that an output may have beyond twice as many as it needs


def merge_counts(
    layout: Layout, listing: OutputListing, fingerprint: str, storage: Storage, name: str
) -> None:
    """Merge an output's objects if there are many more than its units need.

    `name` begins the names of merged objects. An object whose units are at least half as many as an
    object can have stays as it is.
    """
    needed = -(-len(listing.units) // UNITS_PER_OBJECT)
    if len(listing.counts) <= 2 * needed + _SPARE:
        return
    covered = np.zeros(len(listing.units), np.bool_)
    merged = CountsWriter(layout, storage, name, fingerprint)
    small: list[tuple[str, list[int]]] = []  # objects, and their units with counts of some parts
    for object_name, content in read_objects(layout, listing, fingerprint, storage):
        valid: list[tuple[int, int]] = []  # row of the object, position of its unit
        others: list[int] = []
        for row, unit in enumerate(content.units if content else ()):
            position = listing.units.find(unit)
            if content is None or position is None or covered[position]:
                continue
            if content.stamps[row] == int(listing.stamps[position]):
                valid.append((row, position))
                covered[position] = True
            elif listing.parts[position] > 1:
                others.append(position)
        if content is None or 2 * len(valid) < UNITS_PER_OBJECT:
            for row, _ in valid:
                assert content is not None
                merged.add_numbers(content.units[row], content.stamps[row], content.numbers(row))
            small.append((object_name, others))
    merged.flush()
    storage.delete_many(
        layout.counts(each)
        for each, positions in small
        if covered[positions].all() and not each.startswith(f"{name}-")
    )
