"""Another run at work on an output: the process that started the tests."""

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from pipelines.claims.run_claims import claim_of
from pipelines.concurrency.process_identity import machine, process
from pipelines.config.job import Job
from pipelines.output.active_runs import read_heartbeat
from pipelines.output.heartbeat import HeartbeatRecord, RunWork
from pipelines.output.layout import Layout
from pipelines.storage.local import LocalStorage

_STORAGE = LocalStorage()


def at_work(job: Job, *units: str) -> Layout:
    """Let another process, that of the tests' parent, be at work on some units."""
    layout = Layout(job.output)
    record = HeartbeatRecord(
        run="other",
        host=socket.gethostname(),
        process=os.getppid(),
        since=datetime.now(UTC),
        beat=datetime.now(UTC),
        machine=machine(),
        identity=process(os.getppid()),
        work=RunWork(units=units, committed=2, samples=20, bytes=2048, seconds=4.0),
    )
    content = record.model_dump_json().encode()
    _STORAGE.write_bytes(layout.heartbeat("other"), content)
    claim = claim_of("other").replace(process().encode(), process(os.getppid()).encode())
    for unit in units:
        _STORAGE.write_bytes(layout.attempt(unit, 1), claim)
    return layout


@contextmanager
def staying_at_work(job: Job, *units: str) -> Iterator[None]:
    """Let the other run renew its sign of life in the `with` block, and then give its units back.

    It must be `at_work` on them already.
    """
    layout, ended = Layout(job.output), threading.Event()

    def renew() -> None:
        while not ended.wait(1):
            record = read_heartbeat(layout.heartbeat("other"), _STORAGE)
            assert record is not None
            content = record.model_copy(update={"beat": datetime.now(UTC)}).model_dump_json()
            _STORAGE.write_bytes(layout.heartbeat("other"), content.encode())

    thread = threading.Thread(target=renew, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        _STORAGE.delete(layout.heartbeat("other"))
        for unit in units:
            _STORAGE.delete(layout.attempt(unit, 1))


def claim_dead(job: Job, unit: str) -> None:
    """Leave the claim of a run whose process on this machine has ended."""
    claim = claim_of("dead").replace(process().encode(), b"999999999-1")
    _STORAGE.write_bytes(Layout(job.output).attempt(unit, 1), claim)
