"""A file where the product makes a folder is a mistake in one line that names the file."""

from pathlib import Path

import pytest
from support.sample_data import job, pairs, write_shard

from pipelines.config.job import Job
from pipelines.operations.run import run
from schemas.errors import JobError


@pytest.fixture
def small(tmp_path: Path) -> Job:
    write_shard(tmp_path / "shards/a.tar", pairs(2))
    return job(tmp_path, model=None, tasks={}, filters=[{"kind": "text_quality", "min_words": 1}])


@pytest.mark.parametrize("name", ["", "attempts", "counts", "heartbeats", "runs"])
def test_a_run_names_the_file(small: Job, name: str) -> None:
    file = Path(small.output, "_shardmill", name)
    file.parent.mkdir(parents=True)
    file.write_bytes(b"")
    with pytest.raises(JobError) as raised:
        run(small)
    assert (
        str(raised.value)
        == f"{file}: is a file where a folder must be: move it away, or choose another"
    )
    assert not Path(small.output, "_SUCCESS").exists()
    file.unlink()
    assert run(small).outcome == "complete"
