"""Heartbeat files in an output, by which other runs know that a run is active."""

import os
import socket
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Self

from pipelines.concurrency.process_identity import machine, process
from pipelines.storage.storage import Storage
from schemas.errors import JobError
from schemas.frozen import Frozen
from schemas.report import Counts

_INTERVAL = 30  # seconds


class RunWork(Frozen):
    """What a run works on, and what it has done so far."""

    units: tuple[str, ...] = ()
    """The names of units in work; a hundred at most."""
    committed: int = 0
    """The units that the run has committed."""
    samples: int = 0
    """The samples of these units."""
    bytes: int = 0
    """The bytes of the shards of these units."""
    seconds: float = 0.0
    """The seconds since the run began its first unit."""
    counts: Counts = Counts()
    """The samples of these units by status, and what each filter did to them."""


class HeartbeatRecord(Frozen):
    """The content of a heartbeat file."""

    host: str
    """The name of the machine on which the run works."""
    process: int
    """The id of the run's process."""
    since: datetime
    """The start of the run in UTC."""
    beat: datetime
    """The time of the last beat in UTC, by the clock of the run's machine."""
    record: int = 0
    """The number of the record for which the run works."""
    run: str = ""
    """The name of the run."""
    machine: str = ""
    """The identity of the machine since its start."""
    identity: str = ""
    """The run's process, and its start."""
    seconds_apart: float = 30.0
    """The seconds between two beats."""
    beats: int = 0
    """The beats of the run so far."""
    work: RunWork = RunWork()
    """What the run works on."""

    def is_alive_here(self) -> bool | None:
        """Return whether the record is of another run of this machine whose process exists.

        Returns None for a run on another machine, and for a process that /proc hides (`hidepid`).
        """
        if self.machine == machine() if self.machine else self.host == socket.gethostname():
            named = process(self.process)
            if named == str(self.process) and self.identity not in ("", named):
                return None
            is_other = self.process != os.getpid()
            return is_other and named != "" and self.identity in ("", named)
        return None


class Heartbeat:
    """A context that renews the heartbeat file of this run, and deletes it at the end."""

    def __init__(
        self,
        path: str,
        storage: Storage,
        record: int = 0,
        check: Callable[[], None] = lambda: None,
        interval: float = _INTERVAL,
    ) -> None:
        """Renew the file at `path` as long as `check` raises no JobError."""
        self.work = RunWork()  # is written with the next beat
        self._interval = interval
        self._beats = 0
        self._path = path
        self._record = record
        self._storage = storage
        self._check = check
        self._since = datetime.now(UTC)
        self._ended = threading.Event()
        self._thread = threading.Thread(
            target=self._beat_until_ended, name="heartbeat", daemon=True
        )

    def __enter__(self) -> Self:
        self._beat()
        self._thread.start()
        return self

    def __exit__(self, raised: object, *_: object) -> None:
        self._ended.set()
        self._thread.join()
        try:
            self._storage.delete(self._path)
        except OSError:
            if raised is None:  # else the storage may be what failed: the run's own error is told
                raise

    def _beat_until_ended(self) -> None:
        while not self._ended.wait(self._interval):
            try:
                self._check()  # a beat must not make the folder of a deleted output again
                self._beat()
            except JobError:
                return
            except OSError:  # the next beat makes up for a missed one
                continue

    def _beat(self) -> None:
        record = HeartbeatRecord(
            host=socket.gethostname(),
            process=os.getpid(),
            since=self._since,
            beat=datetime.now(UTC),
            record=self._record,
            run=self._path.rpartition("/")[2].removesuffix(".record"),
            machine=machine(),
            identity=process(),
            seconds_apart=self._interval,
            beats=self._beats,
            work=self.work,
        )
        self._beats += 1
        self._storage.write_bytes(self._path, record.model_dump_json().encode(), durable=False)
