"""Several runs start on one new output; tests/faults plays many more rounds."""

import json
from pathlib import Path

from support import starters
from support.sample_data import job, pairs, write_shard
from support.several_starters import RUNNER, Rounds

from pipelines.operations.verify import verify


def test_the_output_is_never_mixed(tmp_path: Path) -> None:
    rounds = Rounds(tmp_path)
    for seed in range(1000, 1002):
        rounds.play(seed, tmp_path / f"output-{seed}")


def test_runs_that_see_different_numbers_of_cores_join(tmp_path: Path) -> None:
    for unit in range(3):
        write_shard(tmp_path / f"shards/{unit}.tar", pairs(2, unit))
    filters = [{"kind": "text_quality", "min_words": 2}]
    same = job(tmp_path, model=None, tasks={}, filters=filters, runner=RUNNER)
    running = [starters.start(same, cores) for cores in (1, None, 1, None)]
    for process in running:
        process.join()
    assert [process.exitcode for process in running] == [0, 0, 0, 0]
    assert verify(same.output).problems == ()
    fingerprints = {
        json.loads(path.read_text(encoding="utf-8"))["fingerprint"]
        for path in (tmp_path / "output/_shardmill/runs").iterdir()
    }
    assert len(fingerprints) == 1
