"""Cuts items into the batches that a service takes in a request."""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

Item = TypeVar("Item")


def in_batches(
    items: Iterable[Item], size_of: Callable[[Item], int], *, max_items: int, max_size: int
) -> Iterator[list[Item]]:
    """Yield the items in batches, in order; an item that is larger than a batch is one alone."""
    batch: list[Item] = []
    size = 0
    for item in items:
        added = size_of(item)
        if batch and (len(batch) == max_items or size + added > max_size):
            yield batch
            batch, size = [], 0
        batch.append(item)
        size += added
    if batch:
        yield batch
