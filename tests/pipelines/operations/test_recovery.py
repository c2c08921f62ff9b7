"""A process that dies at any storage operation loses nothing: the next run completes the work."""

import io
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Literal

import pytest
from support.sample_data import job, pairs, write_shard

import pipelines.annotation.annotator
import pipelines.annotation.loaded_job
from inference import Engine, Model, ResolvedCheckpoint, load_engine
from pipelines.operations.run import run
from pipelines.operations.verify import verify
from pipelines.storage.local import LocalStorage
from pipelines.storage.storage import Entry
from schemas.resources import Resources
from shardmill import Job

Moment = Literal["midway", "after"]  # before an operation is the same as after the one before
SAMPLES = {"a": 2, "b": 3, "deep/c": 5}  # in parts of 2: one file, two parts, three parts


class Killed(BaseException):
    """Simulates the end of the process."""


class DyingStorage(LocalStorage):
    """Dies midway in or after operation number `at`; every later operation fails too."""

    def __init__(self, at: int, moment: Moment) -> None:
        self.operations = 0
        self.writes: list[int] = []
        self._at, self._moment = at, moment

    def _begin(self) -> None:
        if self.operations >= self._at:
            raise Killed
        self.operations += 1

    def _reach(self, moment: Moment) -> None:
        if self.operations == self._at and moment == self._moment:
            raise Killed

    def list(
        self, folder: str, recursive: bool = True, follow_links: bool = True
    ) -> Iterator[Entry]:
        self._begin()
        yield from super().list(folder, recursive, follow_links)
        self._reach("after")

    def open(self, path: str, version: str = "") -> BinaryIO:
        self._begin()
        stream = super().open(path, version)
        self._reach("after")
        return stream

    def write(self, path: str, content: BinaryIO, durable: bool = True) -> str:
        self._begin()
        self.writes.append(self.operations)
        whole = content.read()
        try:
            self._reach("midway")
        except Killed:  # a killed process cannot clean up
            half = Path(path).with_name(f".{Path(path).name}.0000.tmp")
            half.parent.mkdir(parents=True, exist_ok=True)
            half.write_bytes(whole[: len(whole) // 2])
            raise
        version = super().write(path, io.BytesIO(whole), durable)
        self._reach("after")
        return version

    def create(self, path: str, content: bytes, durable: bool = True) -> None:
        self._begin()
        self.writes.append(self.operations)
        self._reach("midway")
        super().create(path, content, durable)
        self._reach("after")

    def delete(self, path: str) -> None:
        self._begin()
        super().delete(path)
        self._reach("after")


@pytest.fixture
def three_units(tmp_path: Path, checkpoint: Path, monkeypatch: pytest.MonkeyPatch) -> Job:
    """Three units, two of them in several parts; the engine is loaded once for all runs."""
    loaded: dict[Model, Engine] = {}

    def load_once(model: Model, checkpoint: ResolvedCheckpoint, resources: Resources) -> Engine:
        if model not in loaded:
            loaded[model] = load_engine(model, checkpoint, resources)
        return loaded[model]

    monkeypatch.setattr(pipelines.annotation.loaded_job, "load_engine", load_once)
    for seed, (name, samples) in enumerate(SAMPLES.items()):
        write_shard(tmp_path / f"shards/{name}.tar", pairs(samples, seed))
    shards = {"shards": f"{tmp_path}/shards/**/*.tar", "max_samples_per_file": 2}
    tasks = {"caption": {"kind": "caption", "max_new_tokens": 1}}
    return job(tmp_path, checkpoint, input=shards, tasks=tasks)


def snapshot(folder: Path) -> dict[str, bytes]:
    """All files of an output except summaries and counts of runs, which alone may differ."""
    files = (path for path in folder.rglob("*") if path.is_file())
    names = {str(path.relative_to(folder)): path for path in files}
    of_runs = ("_shardmill/runs/", "_shardmill/counts/")
    return {n: path.read_bytes() for n, path in names.items() if not n.startswith(of_runs)}


def listed(folder: Path) -> Iterator[tuple[str, bytes]]:
    """The files that a reader of the folder takes for results."""
    for path in folder.rglob("*.parquet"):
        yield str(path.relative_to(folder)), path.read_bytes()


@pytest.mark.faults  # takes 11 s
def test_dying_at_any_operation_loses_and_doubles_nothing(three_units: Job, tmp_path: Path) -> None:
    output = tmp_path / "output"
    counting = DyingStorage(at=10**9, moment="after")
    run(three_units, storage=counting)
    undisturbed = snapshot(output)
    assert len([name for name in undisturbed if name.endswith(".parquet")]) == 6
    deaths: list[tuple[int, Moment]] = [(at, "after") for at in range(1, counting.operations + 1)]
    deaths += [(at, "midway") for at in counting.writes]
    assert len(counting.writes) > 10
    for at, moment in deaths:
        shutil.rmtree(output)
        with pytest.raises(Killed):
            run(three_units, storage=DyingStorage(at, moment))
        for name, content in listed(output):
            assert content == undisturbed[name], (at, moment, name)
        assert not (output / "_SUCCESS").exists() or undisturbed.items() <= snapshot(output).items()
        run(three_units)
        assert snapshot(output) == undisturbed, (at, moment)
    assert verify(str(output)).problems == ()
