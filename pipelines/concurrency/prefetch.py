"""A generator run ahead in a thread of its own, by a bounded number of items."""

import queue
import threading
from collections.abc import Generator, Iterator
from typing import TypeVar

from schemas.errors import DeadlinePassed

Item = TypeVar("Item")


def prefetch(
    items: Iterator[Item], ahead: int, seconds: float | None = None
) -> Generator[Item, None, None]:
    """The same items in the same order; what the generator raises is raised here.

    Closing the result stops the thread at its next item and closes the generator in it. Raises
    DeadlinePassed where an item is not there after so many seconds; the thread is left to itself.
    """
    waiting: queue.SimpleQueue[tuple[Item | None, BaseException | None, bool]] = queue.SimpleQueue()
    # A place is taken before an item is made, so that no more than `ahead` are there at once.
    places = threading.Semaphore(ahead)
    stopped = threading.Event()

    def work() -> None:
        try:
            while places.acquire() and not stopped.is_set():
                waiting.put((next(items), None, False))
        except StopIteration:
            waiting.put((None, None, True))
        except BaseException as error:  # noqa: BLE001 - handed over to the reader, who raises it
            waiting.put((None, error, True))
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
                item, error, last = waiting.get(timeout=seconds)
            except queue.Empty:
                hangs = True
                raise DeadlinePassed(
                    f"preparing a block took longer than runner.block_seconds = {seconds:g}"
                ) from None
            if error is not None:
                raise error
            if last:
                return
            places.release()
            yield item  # type: ignore[misc]  # an Item wherever there is no error and no end
    finally:
        stopped.set()
        places.release()
        if not hangs:
            thread.join(seconds)
