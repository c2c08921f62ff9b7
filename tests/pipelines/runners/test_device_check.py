"""An output is of one type of device, unless the job says otherwise."""

from pathlib import Path

import pytest
from support.sample_data import job, pairs, write_shard

from pipelines.operations.run import run
from schemas.errors import JobError
from shardmill import Job


@pytest.fixture
def elsewhere(tmp_path: Path, checkpoint: Path) -> Job:
    """A job of two units, the first of which was done on another device."""
    for name in ("a", "b"):
        write_shard(tmp_path / f"shards/{name}.tar", pairs(2))
    work = job(tmp_path, checkpoint)
    run(work, limit_units=1)
    device = tmp_path / "output/_shardmill/device"
    assert device.read_text().startswith("CPU with ")
    device.write_text("Another GPU")
    return work


@pytest.mark.parametrize("workers", [1, 2])
def test_another_type_is_refused(elsewhere: Job, tmp_path: Path, workers: int) -> None:
    runner = {"kind": "local", "workers": workers}
    again = Job.model_validate({**elsewhere.model_dump(), "runner": runner})
    with pytest.raises(JobError, match="begun on Another GPU, and a worker has CPU") as refused:
        run(again)
    assert "runner.mixed_devices" in str(refused.value)
    assert not (tmp_path / "output/b.parquet").exists()


def test_another_type_may_be_allowed(elsewhere: Job, tmp_path: Path) -> None:
    allowed = Job.model_validate({**elsewhere.model_dump(), "runner": {"mixed_devices": True}})
    assert run(allowed).outcome == "complete"
