"""`shardmill status --watch`: the state of an output while runs are at work, with few requests.

The output is listed and counted once at the beginning and once at the end. In between, only the
signs of life of runs are read: each has the units and samples that its run has done. So numbers in
between are those of the last signs of life, and lag behind by a beat.
"""

import time
from collections.abc import Callable, Iterator, Mapping

from pipelines.operations.status import OutputStatus, run_at_work, status
from pipelines.output.active_runs import read_heartbeats
from pipelines.output.heartbeat import HeartbeatRecord, RunWork
from pipelines.output.layout import Layout
from pipelines.storage.paths import scheme
from pipelines.storage.resolve import STORAGE
from pipelines.storage.storage import Storage
from schemas.report import Counts, FilterCounts

BUCKET_SECONDS, LOCAL_SECONDS = 15.0, 2.0  # between two looks; a run renews its sign every 15
_MISSED, _DEAD_AFTER = 6, 60.0  # beats, and seconds at least, after which a run is dead

Records = Mapping[str, HeartbeatRecord]


def watch(
    output: str,
    storage: Storage | None = None,
    on_notice: Callable[[str], None] = lambda _: None,
    *,
    seconds: float | None = None,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[OutputStatus]:
    """Yield the state of an output now, after each look at the signs of life, and at the end.

    It ends when no run is at work. `seconds` lie between two looks. Raises JobError if the folder
    is no output.
    """
    storage = storage or STORAGE
    first = status(output, storage, on_notice)
    yield first
    if not first.at_work:
        return
    layout = Layout(first.output)
    pause = seconds or (BUCKET_SECONDS if scheme(layout.root) else LOCAL_SECONDS)
    signs = SignsOfLife(layout, storage, clock)
    before = signs.read()
    known = before
    while True:
        sleep(pause)
        alive = signs.read()
        if not alive:
            break
        known = {**known, **alive}
        yield _advanced(first, before, known, alive)
    yield status(output, storage, on_notice)


class SignsOfLife:
    """The signs of life of runs, and when each was renewed by this process's clock."""

    def __init__(self, layout: Layout, storage: Storage, clock: Callable[[], float]) -> None:
        self._layout, self._storage, self._clock = layout, storage, clock
        self._renewed: dict[str, tuple[int, float]] = {}  # run -> beats, and when they were new

    def read(self) -> Records:
        """Return the records of the runs that are alive."""
        entries = self._storage.list(self._layout.heartbeats, recursive=False)
        names = [entry.path.rpartition("/")[2].removesuffix(".record") for entry in entries]
        found = read_heartbeats(self._layout, names, self._storage)
        return {name: record for name, record in found.items() if self._is_alive(name, record)}

    def _is_alive(self, run: str, record: HeartbeatRecord) -> bool:
        beats, since = self._renewed.get(run, (-1, 0.0))
        now = self._clock()
        if record.beats != beats:
            self._renewed[run] = record.beats, now
            since = now
        if (is_here := record.is_alive_here()) is not None:
            return is_here
        return now - since < max(_DEAD_AFTER, _MISSED * record.seconds_apart)


def _advanced(first: OutputStatus, before: Records, known: Records, alive: Records) -> OutputStatus:
    """Return the first state, and what runs have done since, by their signs of life."""
    done = [
        _since(record.work, before[run].work if run in before else RunWork())
        for run, record in known.items()
    ]
    speed = sum(each.work.bytes / each.work.seconds for each in alive.values() if each.work.seconds)
    left = max(0, first.bytes_left - sum(each.bytes for each in done))
    runs = tuple(map(run_at_work, sorted(alive.values(), key=lambda record: record.since)))
    return first.model_copy(
        update={
            "committed": min(first.units, first.committed + sum(each.committed for each in done)),
            "counts": sum((each.counts for each in done), first.counts),
            "at_work": runs,
            "samples_per_second": round(sum(run.samples_per_second for run in runs), 1),
            "bytes_left": left,
            "hours_left": round(left / speed / 3600, 3) if speed else None,
        }
    )


def _since(now: RunWork, before: RunWork) -> RunWork:
    """Return what a run has done since an earlier sign of life."""
    filters = {each.name: each for each in before.counts.filters}
    numbers = ("seen", "dropped", "quarantined", "redacted", "invalid_after")
    return RunWork(
        committed=now.committed - before.committed,
        samples=now.samples - before.samples,
        bytes=now.bytes - before.bytes,
        counts=Counts(
            read=now.counts.read - before.counts.read,
            filters=tuple(
                FilterCounts(
                    name=each.name,
                    **{
                        name: getattr(each, name)
                        - getattr(filters.get(each.name, FilterCounts(name=each.name)), name)
                        for name in numbers
                    },
                )
                for each in now.counts.filters
            ),
            **{
                state: number - before.counts.by_status()[state]
                for state, number in now.counts.by_status().items()
            },
        ),
    )
