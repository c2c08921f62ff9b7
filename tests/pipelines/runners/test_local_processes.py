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


@pytest.fixture(params=[["4", "97"]])
def gpus(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make planning see these GPUs; no engine can be loaded on them."""
    monkeypatch.setattr(pipelines.planning.resolve, "resolve_device", lambda *_, **__: "cuda")
    monkeypatch.setattr(pipelines.runners.local_processes, "visible_gpus", lambda: request.param)


def on_gpus(  # noqa: PLR0917
    folder: Path,
    checkpoint: Path,
    workers: int,
    gpus_per_worker: int = 1,
    units: int = 3,
    faulty: bool = False,
) -> Job:
    for unit in range(units):
        write_shard(folder / f"shards/{unit}.tar", pairs(1, unit))
    (folder / "gpus").mkdir()
    recording = GpuRecordingFilter(folder=f"{folder}/gpus", faulty=faulty)
    runner = {"kind": "local", "workers": workers, "gpus_per_worker": gpus_per_worker}
    return job(folder, checkpoint, filters=[recording], runner=runner)


FIVE = ["0", "3", "GPU-5", "6", "7"]


@pytest.mark.parametrize(
    ("gpus", "gpus_per_worker", "expected"),
    [(["4", "97"], 1, {"4", "97"}), (FIVE, 2, {"0,3", "GPU-5,6"})],
    indirect=["gpus"],
)
@pytest.mark.usefixtures("gpus")
@pytest.mark.faults  # starts many processes
def test_each_worker_sees_its_own_gpus_and_three_faults_end_the_run(
    tmp_path: Path, checkpoint: Path, gpus_per_worker: int, expected: set[str]
) -> None:
    """The filter is loaded before the model, so no worker takes seconds to import torch."""
    work = on_gpus(tmp_path, checkpoint, 2, gpus_per_worker, faulty=True)
    with pytest.raises(WorkerFault, match="RuntimeError in load"):
        run(work)
    visible = [path.read_text() for path in (tmp_path / "gpus").iterdir()]
    assert set(visible) == expected
    assert len(visible) >= 3  # faulty workers are replaced until the third fault
    assert not (tmp_path / "output/_shardmill/attempts").exists()
    assert not (tmp_path / "output/_shardmill/failed").exists()


@pytest.mark.usefixtures("gpus")
def test_more_workers_than_gpus_are_refused(tmp_path: Path, checkpoint: Path) -> None:
    with pytest.raises(JobError, match="3 workers take 3 GPUs, but 2 are visible here"):
        run(on_gpus(tmp_path, checkpoint, workers=3))


@pytest.mark.parametrize("gpus", [FIVE], indirect=True)
@pytest.mark.usefixtures("gpus")
@pytest.mark.faults  # imports torch in workers
def test_a_worker_without_the_gpus_of_its_model_ends_the_run(
    tmp_path: Path, checkpoint: Path
) -> None:
    with pytest.raises(JobError, match="gpus_per_worker: 2, but a worker sees 0 GPUs"):
        run(on_gpus(tmp_path, checkpoint, workers=2, gpus_per_worker=2, units=1))
    assert [path.read_text() for path in (tmp_path / "gpus").iterdir()] == ["0,3"]
