"""Finds the runs that are at work in an output, without comparing the clocks of two machines.

The processes of this machine are looked up. For runs on other machines, the modification times of
their heartbeat files count, which all are by the clock of the storage. The present time by that
clock is the modification time of a file that was written just now. Who may not write watches the
heartbeat files until one is renewed.
"""

import errno
import time
from collections.abc import Callable, Iterable, Mapping

from pydantic import ValidationError

from pipelines.output.heartbeat import HeartbeatRecord
from pipelines.output.layout import Layout
from pipelines.storage.concurrent_reads import read_concurrently
from pipelines.storage.storage import Entry, Storage
from schemas.regular_file import NotRegularFile

_MISSED = 6  # beats that a dead run has missed
_DEAD_AFTER = 60.0  # seconds, at least: a machine may be busy for a while
_WATCHED = 2.5  # beats, within which a run that is alive renews its file
_LONGEST_WATCH = 60.0  # seconds
_PAUSE = 0.5  # seconds between two looks
_TRIES = 10
_HOSTS_SHOWN = 3


def read_heartbeat(path: str, storage: Storage) -> HeartbeatRecord | None:
    """Read a heartbeat file; return None if the file is gone or damaged, or is no file.

    A file that its run renews while it is read is read again, ten times at most.
    """
    for number in range(1, _TRIES + 1):
        try:
            return HeartbeatRecord.model_validate_json(storage.read_bytes(path))
        except (FileNotFoundError, ValidationError, NotRegularFile):
            return None
        except OSError as error:
            if error.errno != errno.ESTALE or number == _TRIES:
                raise
    return None


def read_heartbeats(
    layout: Layout, runs: Iterable[str], storage: Storage
) -> dict[str, HeartbeatRecord]:
    """Read the heartbeat files of runs, many at once; leave out files that are gone or damaged."""
    runs = list(runs)
    found = read_concurrently(lambda run: read_heartbeat(layout.heartbeat(run), storage), runs)
    records = zip(runs, found, strict=True)
    return {run: record for run, record in records if record is not None}


def find_active_runs(
    layout: Layout,
    runs: Iterable[str],
    storage: Storage,
    written: str = "",
    on_watch: Callable[[str], None] = lambda _: None,
) -> list[HeartbeatRecord]:
    """Return the heartbeat records of those of these runs that are active, oldest first.

    The run of this process is not among them. `written` is the path of a file of the output that
    was written just now. Without it, this takes up to `_LONGEST_WATCH` seconds if there are runs
    on other machines; `on_watch` then gets a line for people first.
    """
    records = read_heartbeats(layout, runs, storage)
    here = {run for run, record in records.items() if record.is_alive_here()}
    elsewhere = {run: r for run, r in records.items() if r.is_alive_here() is None}
    active = set(here)
    if elsewhere:
        active |= _find_elsewhere(elsewhere, here, layout, storage, written, on_watch=on_watch)
    return sorted((records[run] for run in active), key=lambda record: record.since)


def _find_elsewhere(
    records: Mapping[str, HeartbeatRecord],
    here: Iterable[str],
    layout: Layout,
    storage: Storage,
    written: str,
    *,
    on_watch: Callable[[str], None],
) -> set[str]:
    """Return which of these runs on other machines are active; `here` are active on this one."""
    files = _list_files(layout, storage)
    entry = storage.entry(written) if written else None
    fresh = entry.modified if entry else None
    if fresh is None:  # a run of this machine renewed its file a beat or two ago
        fresh = _newest(files[run] for run in here if run in files)
    if fresh is not None:
        return _find_young(records, files, fresh)
    return _watch(records, files, layout, storage, on_watch)


def _watch(
    records: Mapping[str, HeartbeatRecord],
    first: Mapping[str, Entry],
    layout: Layout,
    storage: Storage,
    on_watch: Callable[[str], None],
) -> set[str]:
    """Return which of these runs are active, by watching their files since the listing `first`.

    The first file that is renewed tells the present time by the storage's clock.
    """
    # The present time is not before the newest file.
    watched = _find_young(records, first, _newest(first.values()) or 0.0)
    seconds = max((_WATCHED * records[run].seconds_apart for run in watched), default=0.0)
    patience = min(seconds, _LONGEST_WATCH)
    if watched:
        hosts = name_hosts(records[run] for run in watched)
        on_watch(
            f"looking whether runs on other machines ({hosts}) are alive: this takes up to "
            f"{patience:.0f} seconds"
        )
    end = time.monotonic() + patience
    while watched and time.monotonic() < end:
        time.sleep(_PAUSE)
        files = _list_files(layout, storage)
        watched &= files.keys()  # the other runs have ended
        renewed = {run for run in watched if files[run].version != first[run].version}
        now = _newest(files[run] for run in renewed)
        if now is not None:
            return renewed | (_find_young(records, files, now) & watched)
    return watched if seconds > _LONGEST_WATCH else set()


def name_hosts(records: Iterable[HeartbeatRecord]) -> str:
    """Name the machines of runs: the first ones, and the number of the others."""
    hosts = sorted({record.host for record in records})
    more = len(hosts) - _HOSTS_SHOWN
    return ", ".join(hosts[:_HOSTS_SHOWN]) + (f" and {more:,} more" if more > 0 else "")


def _newest(files: Iterable[Entry]) -> float | None:
    """Return when the newest of these files was modified; None if that is unknown."""
    return max((file.modified for file in files if file.modified is not None), default=None)


def _find_young(
    records: Mapping[str, HeartbeatRecord], files: Mapping[str, Entry], now: float
) -> set[str]:
    """Return the runs whose files are young, or of unknown age, at the storage's time `now`."""
    return {
        run
        for run, record in records.items()
        if run in files
        and (
            (modified := files[run].modified) is None
            or now - modified < max(_DEAD_AFTER, _MISSED * record.seconds_apart)
        )
    }


def _list_files(layout: Layout, storage: Storage) -> dict[str, Entry]:
    """Return the heartbeat files of an output, by their runs."""
    entries = storage.list(layout.heartbeats, recursive=False)
    return {entry.path.rpartition("/")[2].removesuffix(".record"): entry for entry in entries}
