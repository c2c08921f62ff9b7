"""Processes share one output by claims: nothing is lost or doubled, whoever is killed."""

import random
import time
from pathlib import Path

import pytest
from support import starters
from support.sample_data import job, pairs, write_shard

from pipelines.config.job import Job
from pipelines.operations.verify import verify
from pipelines.output.output import open_output
from schemas.report import Summary

pytestmark = pytest.mark.faults
SHARDS = 48


class Corpus:
    """A job over small shards of several sizes, and the files that one process writes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        for number in range(SHARDS):
            write_shard(folder / f"shards/{number:05}.tar", pairs(2 + number % 7, number))
        self.expected = folder / "expected"
        assert starters.run_unsynced(self.job(self.expected)).outcome == "complete"

    def job(self, output: Path, **runner: object) -> Job:
        return job(
            self._folder,
            model=None,
            tasks={},
            filters=[{"kind": "text_quality", "min_words": 3}],
            input={"shards": f"{self._folder}/shards/*.tar", "max_samples_per_file": 5},
            runner={"claim_seconds": 2, "decode_threads": 1, **runner},
        ).model_copy(update={"output": str(output)})


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    return Corpus(tmp_path_factory.mktemp("corpus"))


def parquet(output: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in output.glob("*.parquet")}


def summaries(output: Path) -> list[Summary]:
    paths = (output / "_shardmill/runs").glob("*.record")
    return [Summary.model_validate_json(path.read_bytes()) for path in paths]


def check_whole(corpus: Corpus, output: Path) -> None:
    assert (output / "_SUCCESS").exists()
    assert parquet(output) == parquet(corpus.expected)
    assert verify(str(output)).problems == ()


@pytest.mark.parametrize("processes", [2, 4, 16])
def test_processes_share_the_shards(corpus: Corpus, processes: int, tmp_path: Path) -> None:
    output = tmp_path / "output"
    running = [starters.start(corpus.job(output)) for _ in range(processes)]
    for process in running:
        process.join()
    assert [process.exitcode for process in running] == [0] * processes
    check_whole(corpus, output)
    done = sum(summary.units_here for summary in summaries(output))
    assert SHARDS <= done <= SHARDS * 1.02
    listing = open_output(str(output)).listing
    assert not listing.heartbeats


def test_two_processes_with_two_workers_each_share_the_shards(
    corpus: Corpus, tmp_path: Path
) -> None:
    output = tmp_path / "output"
    running = [starters.start(corpus.job(output, workers=2)) for _ in range(2)]
    for process in running:
        process.join()
    assert [process.exitcode for process in running] == [0, 0]
    check_whole(corpus, output)
    assert sum(summary.units_here for summary in summaries(output)) == SHARDS


@pytest.mark.parametrize("seed", range(50))
def test_processes_that_are_killed_lose_and_double_nothing(
    corpus: Corpus, seed: int, tmp_path: Path
) -> None:
    chance = random.Random(f"shared outputs/{seed}")
    output = tmp_path / "output"
    running = []
    for _ in range(chance.choice((2, 4, 4, 6))):
        running.append(starters.start(corpus.job(output)))
        time.sleep(chance.choice((0, chance.uniform(0, 0.2))))
    killed = [process for process in running[1:] if chance.random() < 0.5]
    for process in killed:
        time.sleep(chance.uniform(0, 0.2))
        process.kill() if chance.random() < 0.5 else process.terminate()
    for process in running:
        process.join()
    assert running[0].exitcode == 0  # it takes over what the others leave
    check_whole(corpus, output)
