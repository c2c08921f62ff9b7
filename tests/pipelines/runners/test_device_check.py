"""Workers of one output must have one type of device, unless the job allows several."""

from pathlib import Path

import pytest
from support.sample_data import job, pairs, write_shard

import pipelines.planning.resolve
from pipelines.operations.run import run
from schemas.errors import JobError
from shardmill import Job


@pytest.fixture
def begun_on_another_gpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Job:
    """Return a job of two units; the first one is recorded as made on another device."""
    monkeypatch.setattr(pipelines.planning.resolve, "resolve_device", lambda *_, **__: "cpu")
    for name in ("a", "b"):
        write_shard(tmp_path / f"shards/{name}.tar", pairs(2))
    filters = [{"kind": "text_quality"}]
    work = job(tmp_path, model=None, tasks={}, filters=filters)  # a model would take seconds
    run(work, limit_units=1)
    device = tmp_path / "output/_shardmill/device"
    assert device.read_text().startswith("CPU with ")
    device.write_text("Another GPU")
    return work


@pytest.mark.parametrize("workers", [1, 2])
def test_another_type_of_device_is_refused(
    begun_on_another_gpu: Job, tmp_path: Path, workers: int
) -> None:
    runner = {"kind": "local", "workers": workers}
    again = Job.model_validate({**begun_on_another_gpu.model_dump(), "runner": runner})
    with pytest.raises(JobError, match="begun on Another GPU, and a worker has CPU") as refused:
        run(again)
    assert "runner.mixed_devices" in str(refused.value)
    assert not (tmp_path / "output/b.parquet").exists()


def test_the_job_can_allow_another_type_of_device(
    begun_on_another_gpu: Job, tmp_path: Path
) -> None:
    allowed = Job.model_validate(
        {**begun_on_another_gpu.model_dump(), "runner": {"mixed_devices": True}}
    )
    assert run(allowed).outcome == "complete"
