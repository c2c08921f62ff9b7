"""Reads many small pieces of storage at the same time, because each read mostly waits."""

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Content = TypeVar("Content")

_READS_AT_ONCE = 16


def read_concurrently(read: Callable[[Item], Content], items: Iterable[Item]) -> Iterator[Content]:
    """Call `read` with every item, in 16 threads; yield the results in the order of the items.

    Few items are taken ahead, so that a million of them need little memory.
    """
    return read_ahead(read, items, size_of=lambda _: 0, max_size=0)


def read_ahead(
    read: Callable[[Item], Content],
    items: Iterable[Item],
    size_of: Callable[[Item], int],
    max_size: int,
) -> Generator[Content, None, None]:
    """Call `read` in 16 threads ahead of the consumer; yield the results in the items' order.

    At most 32 items, and items of `max_size` together, are read but not yet yielded; a larger item
    is read alone. An exception of `read` is raised in place of its result.
    """
    pool = ThreadPoolExecutor(_READS_AT_ONCE, "read-ahead")
    ahead: deque[tuple[int, Future[Content]]] = deque()
    size_ahead = 0

    def next_result() -> Content:
        nonlocal size_ahead
        size, future = ahead.popleft()
        size_ahead -= size
        return future.result()

    try:
        for item in items:
            size = size_of(item)
            while ahead and (len(ahead) >= 2 * _READS_AT_ONCE or size_ahead + size > max_size):
                yield next_result()
            ahead.append((size, pool.submit(read, item)))
            size_ahead += size
        while ahead:
            yield next_result()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
