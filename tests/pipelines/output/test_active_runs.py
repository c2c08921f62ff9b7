"""Active runs are found by the clock of the storage alone; those of machines differ by hours."""

import errno
import os
import socket
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from support.memory_folder import MemoryFolder

from pipelines.output.active_runs import find_active_runs, read_heartbeat
from pipelines.output.heartbeat import HeartbeatRecord
from pipelines.output.layout import Layout
from pipelines.storage.local import LocalStorage
from pipelines.storage.storage import Entry

LAYOUT = Layout("/output")
APART = 15.0  # seconds between two beats
HOUR = 3600.0


class ClockedFolder(MemoryFolder):
    """Files with times by a clock of the storage's own, which only the test advances."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1e9
        self.times: dict[str, float] = {}

    def list(
        self, folder: str, recursive: bool = True, follow_links: bool = True
    ) -> Iterator[Entry]:
        for entry in super().list(folder, recursive, follow_links):
            yield entry._replace(modified=self.times[entry.path])

    def entry(self, path: str) -> Entry | None:
        entry = super().entry(path)
        return entry and entry._replace(modified=self.times[path])

    def write(self, path: str, content: Any, durable: bool = True) -> str:
        self.times[path] = self.now
        return super().write(path, content, durable)


class Watching:
    """Stands in for `time`: in each pause, the storage's clock advances and something happens."""

    def __init__(self, storage: ClockedFolder, happens: Callable[[float], None]) -> None:
        self._storage = storage
        self._happens = happens
        self.passed = 0.0

    def monotonic(self) -> float:
        return self.passed

    def sleep(self, seconds: float) -> None:
        self.passed += seconds
        self._storage.now += seconds
        self._happens(self.passed)


@pytest.fixture
def storage() -> ClockedFolder:
    return ClockedFolder()


@pytest.fixture
def watch(
    storage: ClockedFolder, monkeypatch: pytest.MonkeyPatch
) -> Callable[[Callable[[float], None]], Watching]:
    """Let something happen while heartbeat files are watched; return what the watcher waits."""

    def start(happens: Callable[[float], None]) -> Watching:
        watching = Watching(storage, happens)
        monkeypatch.setattr("pipelines.output.active_runs.time", watching)
        return watching

    return start


def beat(
    storage: ClockedFolder, run: str, *, ago: float = 0, fast: float = 0, **fields: Any
) -> None:
    """Write a run's file some seconds ago, by a machine whose clock is fast by `fast` seconds."""
    at = datetime.fromtimestamp(storage.now - ago + fast, UTC)
    known = {"host": run, "process": 1, "since": at - timedelta(hours=1), "beat": at, "run": run}
    record = HeartbeatRecord.model_validate(known | {"seconds_apart": APART} | fields)
    path = LAYOUT.heartbeat(run)
    storage.write_bytes(path, record.model_dump_json().encode())
    storage.times[path] -= ago


def found(
    storage: ClockedFolder, written: str = "", on_watch: Callable[[str], None] = lambda _: None
) -> list[str]:
    runs = [path.rpartition("/")[2].removesuffix(".record") for path in storage.files]
    active = find_active_runs(LAYOUT, runs, storage, written, on_watch)
    return [record.run for record in active]


@pytest.mark.parametrize("fast", [-HOUR, 0, HOUR])
def test_the_age_by_the_clock_of_the_storage_decides(storage: ClockedFolder, fast: float) -> None:
    written = LAYOUT.run("own")
    storage.write_bytes(written, b"")
    beat(storage, "late", ago=6 * APART - 1, fast=fast)
    beat(storage, "dead", ago=6 * APART, fast=-fast)
    assert found(storage, written) == ["late"]


def test_runs_that_beat_often_have_a_minute(storage: ClockedFolder) -> None:
    written = LAYOUT.run("own")
    storage.write_bytes(written, b"")
    beat(storage, "busy", ago=59, seconds_apart=0.1)
    beat(storage, "dead", ago=60, seconds_apart=0.1)
    assert found(storage, written) == ["busy"]


def test_without_a_fresh_file_the_first_that_is_renewed_tells_the_time(
    storage: ClockedFolder, watch: Callable[..., Watching]
) -> None:
    beat(storage, "alive", ago=3, fast=HOUR)
    beat(storage, "slower", ago=8, fast=-HOUR, since=datetime(2000, 1, 1, tzinfo=UTC))
    beat(storage, "dead", ago=6 * APART, fast=HOUR)
    watching = watch(lambda passed: beat(storage, "alive") if passed == APART - 3 else None)
    assert found(storage) == ["slower", "alive"]
    assert watching.passed == APART - 3


def test_runs_none_of_which_renews_its_file_are_dead(
    storage: ClockedFolder, watch: Callable[..., Watching]
) -> None:
    beat(storage, "a", ago=HOUR)
    beat(storage, "b", ago=HOUR + 1, fast=2 * HOUR)
    watching = watch(lambda passed: None)
    lines: list[str] = []
    assert found(storage, on_watch=lines.append) == []
    assert watching.passed == 2.5 * APART
    assert lines == [
        "looking whether runs on other machines (a, b) are alive: this takes up to 38 seconds"
    ]


def test_a_run_that_ends_while_it_is_watched_is_not_waited_for(
    storage: ClockedFolder, watch: Callable[..., Watching]
) -> None:
    beat(storage, "ending")
    watching = watch(lambda passed: storage.delete(LAYOUT.heartbeat("ending")))
    assert found(storage) == []
    assert watching.passed < 1


def test_runs_that_beat_too_seldom_to_be_watched_seem_active(
    storage: ClockedFolder, watch: Callable[..., Watching]
) -> None:
    beat(storage, "slow", seconds_apart=900)
    watching = watch(lambda passed: None)
    assert found(storage) == ["slow"]
    assert watching.passed == 60


def test_a_run_of_this_machine_tells_the_time(
    storage: ClockedFolder, watch: Callable[..., Watching]
) -> None:
    beat(storage, "here", host=socket.gethostname(), process=os.getppid())
    beat(storage, "alive", ago=20)
    beat(storage, "dead", ago=100)
    watching = watch(lambda passed: None)
    assert sorted(found(storage)) == ["alive", "here"]
    assert watching.passed == 0


def test_only_runs_of_this_machine_need_no_look(
    storage: ClockedFolder, watch: Callable[..., Watching], monkeypatch: pytest.MonkeyPatch
) -> None:
    beat(storage, "dead", host=socket.gethostname(), process=999_999_999)
    monkeypatch.setattr(storage, "list", None)
    assert found(storage) == []


class RenewedFolder(MemoryFolder):
    """A file is replaced by its run each time that it is read, as often as the test says."""

    times = 0

    def read_bytes(self, path: str) -> bytes:
        self.times -= 1
        if self.times >= 0:
            raise OSError(errno.ESTALE, "the object was replaced while it was read", path)
        return super().read_bytes(path)


@pytest.mark.parametrize("times", [0, 1, 9])
def test_a_file_that_is_renewed_while_it_is_read_is_read_again(times: int) -> None:
    storage, path = RenewedFolder(), LAYOUT.heartbeat("a")
    now = datetime.now(UTC)
    record = HeartbeatRecord(host="a", process=1, since=now, beat=now)
    storage.write_bytes(path, record.model_dump_json().encode())
    storage.times = times
    assert read_heartbeat(path, storage) == record


def test_a_file_that_can_never_be_read_is_an_error() -> None:
    storage = RenewedFolder()
    storage.times = 1000
    with pytest.raises(OSError, match="replaced"):
        read_heartbeat(LAYOUT.heartbeat("a"), storage)
    assert storage.times == 990


@pytest.mark.parametrize("content", [b'{"host":', None])
def test_a_file_that_is_damaged_or_gone_is_of_no_run(content: bytes | None) -> None:
    storage = MemoryFolder()
    if content is not None:
        storage.write_bytes(LAYOUT.heartbeat("a"), content)
    assert read_heartbeat(LAYOUT.heartbeat("a"), storage) is None


def test_local_files_have_the_time_of_their_file_system(tmp_path: Path) -> None:
    storage, path = LocalStorage(), f"{tmp_path}/a"
    storage.write_bytes(path, b"")
    entry = storage.entry(path)
    assert entry is not None
    assert entry.modified == Path(path).stat().st_mtime
    assert list(storage.list(str(tmp_path))) == [entry]
