"""A sign of life beside the output, so that a second run over it is warned."""

import os
import socket
import threading
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Self

from pydantic import ValidationError

from pipelines.output.layout import Layout
from pipelines.storage.storage import Storage
from schemas.frozen import Frozen

_EVERY = 30  # seconds
_DEAD_AFTER = timedelta(minutes=3)  # clocks of two machines may differ a little


class Sign(Frozen):
    """What a run at work says of itself."""

    host: str
    process: int
    since: datetime  # UTC
    beat: datetime

    def alive(self) -> bool:
        """Whether that run still seems to be at work, as far as can be told from here."""
        if self.host == socket.gethostname():
            return self.process != os.getpid() and _exists(self.process)
        return datetime.now(UTC) - self.beat < _DEAD_AFTER


class Heartbeat:
    """Keeps writing the sign of this run while the context is open, and removes it at the end."""

    def __init__(self, path: str, storage: Storage) -> None:
        self._path = path
        self._storage = storage
        self._since = datetime.now(UTC)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._work, name="heartbeat", daemon=True)

    def __enter__(self) -> Self:
        self._beat()
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        self._thread.join()
        self._storage.delete(self._path)

    def _work(self) -> None:
        while not self._over.wait(_EVERY):
            with suppress(OSError):  # a beat missed is made up for by the next
                self._beat()

    def _beat(self) -> None:
        sign = Sign(
            host=socket.gethostname(),
            process=os.getpid(),
            since=self._since,
            beat=datetime.now(UTC),
        )
        self._storage.write_bytes(self._path, sign.model_dump_json().encode(), durable=False)


def others_at_work(layout: Layout, runs: Iterable[str], storage: Storage) -> list[Sign]:
    """What those of the runs say that seem to be at work; the oldest first."""
    found = []
    for run in runs:
        with suppress(FileNotFoundError, ValidationError):  # it ended meanwhile; it is damaged
            sign = Sign.model_validate_json(storage.read_bytes(layout.heartbeat(run)))
            if sign.alive():
                found.append(sign)
    return sorted(found, key=lambda sign: sign.since)


def _exists(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # another user's
        return True
    return True
