"""Runs a generator ahead of its consumer, in a thread, by a bounded number of items."""

import queue
import threading
from collections.abc import Generator, Iterator
from typing import TypeVar

from schemas.errors import DeadlinePassed

Item = TypeVar("Item")


def prefetch(
    items: Iterator[Item], ahead: int, seconds: float | None = None
) -> Generator[Item, None, None]:
    """Yield the items in order, while a thread makes at most `ahead` of them in advance.

    An exception of `items` is raised here. Closing the generator stops the thread at its next item;
    the thread then closes `items`. Raises DeadlinePassed if the consumer waits longer than
    `seconds` for an item; the thread is then not joined, because it may hang for ever.
    """
    ready: queue.SimpleQueue[tuple[Item | None, BaseException | None, bool]] = queue.SimpleQueue()
    # Acquired before an item is made, so that no more than `ahead` items exist at once.
    slots = threading.Semaphore(ahead)
    stopped = threading.Event()

    def work() -> None:
        try:
            while slots.acquire() and not stopped.is_set():
                ready.put((next(items), None, False))
        except StopIteration:
            ready.put((None, None, True))
        except BaseException as error:  # noqa: BLE001 - the consumer raises it
            ready.put((None, error, True))
        finally:
            close = getattr(items, "close", None)
            if close is not None:
                close()

    thread = threading.Thread(target=work, name="prefetch", daemon=True)
    thread.start()
    hangs = False
    try:
        while True:
            try:
                item, error, last = ready.get(timeout=seconds)
            except queue.Empty:
                hangs = True
                raise DeadlinePassed(
                    f"preparing a block took longer than runner.block_seconds = {seconds:g}"
                ) from None
            if error is not None:
                raise error
            if last:
                return
            slots.release()
            yield item  # type: ignore[misc]  # an Item unless there is an error or the end
    finally:
        stopped.set()
        slots.release()
        if not hangs:
            thread.join(seconds)
