"""Each worker process sees only its own GPUs."""

from pathlib import Path

import pytest
from support.harmful_filters import GpuRecordingFilter
from support.sample_data import job, pairs, write_shard

import pipelines.planning.resolve
import pipelines.runners.local_processes
from pipelines.operations.run import run
from schemas.errors import JobError, WorkerFault
from shardmill import Job


@pytest.fixture
def two_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make planning see two GPUs; no engine can be loaded on them."""
    monkeypatch.setattr(pipelines.planning.resolve, "resolve_device", lambda *_, **__: "cuda")
    monkeypatch.setattr(pipelines.runners.local_processes, "visible_gpus", lambda: ["4", "97"])


def on_gpus(folder: Path, checkpoint: Path, workers: int, gpus_per_worker: int = 1) -> Job:
    for unit in range(3):
        write_shard(folder / f"shards/{unit}.tar", pairs(1, unit))
    (folder / "gpus").mkdir()
    recording = GpuRecordingFilter.model_validate({"folder": f"{folder}/gpus"})
    runner = {"kind": "local", "workers": workers, "gpus_per_worker": gpus_per_worker}
    return job(folder, checkpoint, filters=[recording], runner=runner)


@pytest.mark.usefixtures("two_gpus")
def test_each_worker_sees_its_own_gpu_and_three_faults_end_the_run(
    tmp_path: Path, checkpoint: Path
) -> None:
    with pytest.raises(WorkerFault):
        run(on_gpus(tmp_path, checkpoint, workers=2))
    visible = [path.read_text() for path in (tmp_path / "gpus").iterdir()]
    assert set(visible) == {"4", "97"}
    assert len(visible) >= 3  # faulty workers are replaced until the third fault
    assert not (tmp_path / "output/_shardmill/attempts").exists()
    assert not (tmp_path / "output/_shardmill/failed").exists()


@pytest.mark.usefixtures("two_gpus")
def test_more_workers_than_gpus_are_refused(tmp_path: Path, checkpoint: Path) -> None:
    with pytest.raises(JobError, match="3 workers take 3 GPUs, but 2 are visible here"):
        run(on_gpus(tmp_path, checkpoint, workers=3))


def test_a_worker_that_splits_its_model_sees_several_gpus(
    tmp_path: Path, checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipelines.planning.resolve, "resolve_device", lambda *_, **__: "cuda")
    gpus = ["0", "3", "GPU-5", "6", "7"]
    monkeypatch.setattr(pipelines.runners.local_processes, "visible_gpus", lambda: gpus)
    with pytest.raises(JobError, match="gpus_per_worker: 2, but a worker sees 0 GPUs"):
        run(on_gpus(tmp_path, checkpoint, workers=2, gpus_per_worker=2))
    visible = {path.read_text() for path in (tmp_path / "gpus").iterdir()}
    assert visible
    assert visible <= {"0,3", "GPU-5,6"}
