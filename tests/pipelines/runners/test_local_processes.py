"""Each process has a GPU of its own where there are GPUs."""

from pathlib import Path

import pytest
from support.harmful_filters import Telling
from support.sample_data import job, pairs, write_shard

import pipelines.planning.resolve
import pipelines.runners.local_processes
from pipelines.operations.run import run
from schemas.errors import JobError, WorkerFault
from shardmill import Job


@pytest.fixture
def two_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two GPUs, as far as planning can tell; no engine can be loaded on them."""
    monkeypatch.setattr(pipelines.planning.resolve, "resolve_device", lambda *_, **__: "cuda")
    monkeypatch.setattr(pipelines.runners.local_processes, "visible_gpus", lambda: ["4", "97"])


def on_gpus(folder: Path, checkpoint: Path, workers: int, each: int = 1) -> Job:
    for unit in range(3):
        write_shard(folder / f"shards/{unit}.tar", pairs(1, unit))
    (folder / "told").mkdir()
    telling = Telling.model_validate({"folder": f"{folder}/told"})
    runner = {"kind": "local", "workers": workers, "gpus_per_worker": each}
    return job(folder, checkpoint, filters=[telling], runner=runner)


@pytest.mark.usefixtures("two_gpus")
def test_each_sees_its_own_and_sick_ones_end_the_run(tmp_path: Path, checkpoint: Path) -> None:
    with pytest.raises(WorkerFault):
        run(on_gpus(tmp_path, checkpoint, workers=2))
    told = [path.read_text() for path in (tmp_path / "told").iterdir()]
    assert set(told) == {"4", "97"}
    assert len(told) >= 3  # the sick are replaced until the third
    assert not (tmp_path / "output/_shardmill/attempts").exists()
    assert not (tmp_path / "output/_shardmill/failed").exists()


@pytest.mark.usefixtures("two_gpus")
def test_more_workers_than_gpus_are_refused(tmp_path: Path, checkpoint: Path) -> None:
    with pytest.raises(JobError, match="3 workers take 3 GPUs, but 2 are visible here"):
        run(on_gpus(tmp_path, checkpoint, workers=3))


def test_a_worker_that_splits_its_model_sees_several(
    tmp_path: Path, checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipelines.planning.resolve, "resolve_device", lambda *_, **__: "cuda")
    gpus = ["0", "3", "GPU-5", "6", "7"]
    monkeypatch.setattr(pipelines.runners.local_processes, "visible_gpus", lambda: gpus)
    with pytest.raises(JobError, match="gpus_per_worker: 2, but a worker sees 0 GPUs"):
        run(on_gpus(tmp_path, checkpoint, workers=2, each=2))
    told = {path.read_text() for path in (tmp_path / "told").iterdir()}
    assert told
    assert told <= {"0,3", "GPU-5,6"}
