"""Heartbeat files in an output, by which a run finds other active runs."""

import os
import socket
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Self

from pydantic import ValidationError

from pipelines.concurrency.process_identity import machine, process
from pipelines.output.layout import Layout
from pipelines.storage.storage import Storage
from schemas.errors import JobError
from schemas.frozen import Frozen
from schemas.regular_file import NotRegularFile

_INTERVAL = 30  # seconds
_DEAD_AFTER = timedelta(minutes=3)  # clocks of two machines may differ a little
_MISSED = 6  # beats that a dead run has missed


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


class HeartbeatRecord(Frozen):
    """The content of a heartbeat file."""

    host: str
    """The name of the machine on which the run works."""
    process: int
    """The id of the run's process."""
    since: datetime
    """The start of the run in UTC."""
    beat: datetime
    """The time of the last beat in UTC."""
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

    def is_alive(self) -> bool:
        """Return whether the record is of another run that seems to be active.

        On this machine, the run is active if its process exists and is not this process. On
        another one, the run is active if its last beat is younger than `_DEAD_AFTER`.
        """
        if self.machine == machine() if self.machine else self.host == socket.gethostname():
            is_other = self.process != os.getpid()
            return is_other and (self.identity or str(self.process)) in _names_of(self.process)
        late = max(_DEAD_AFTER, timedelta(seconds=_MISSED * self.seconds_apart))
        return datetime.now(UTC) - self.beat < late


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


def find_active_runs(
    layout: Layout, runs: Iterable[str], storage: Storage
) -> list[HeartbeatRecord]:
    """Read the heartbeats of these runs; return the records of active other runs, oldest first."""
    active = []
    for run in runs:
        # The run has ended; its file is damaged, or is no file.
        with suppress(FileNotFoundError, ValidationError, NotRegularFile):
            content = storage.read_bytes(layout.heartbeat(run))
            record = HeartbeatRecord.model_validate_json(content)
            if record.is_alive():
                active.append(record)
    return sorted(active, key=lambda record: record.since)


def _names_of(pid: int) -> tuple[str, ...]:
    """Return the names of a process of this machine; none if it has ended."""
    named = process(pid)
    return (named, str(pid)) if named else ()
