"""A generator run ahead in a thread of its own, by a bounded number of items."""

import queue
import threading
from collections.abc import Generator, Iterator
from contextlib import suppress
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
    waiting: queue.Queue[tuple[Item | None, BaseException | None, bool]] = queue.Queue(ahead)
    stopped = threading.Event()

    def put(item: Item | None, error: BaseException | None, last: bool) -> None:
        while not stopped.is_set():
            with suppress(queue.Full):
                waiting.put((item, error, last), timeout=0.05)
                return

    def work() -> None:
        try:
            for item in items:
                put(item, None, False)
                if stopped.is_set():
                    break
        except BaseException as error:  # noqa: BLE001 - handed over to the reader, who raises it
            put(None, error, True)
        else:
            put(None, None, True)
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
            yield item  # type: ignore[misc]  # an Item wherever there is no error and no end
    finally:
        stopped.set()
        if not hangs:
            thread.join(seconds)
