"""Processes share one output by claims: nothing is lost or doubled, whoever is killed."""

import random
import time
from pathlib import Path

import pytest
from support import starters
from support.shared_corpus import SharedCorpus, units_done

from pipelines.output.output import open_output

pytestmark = pytest.mark.faults
SHARDS = 48
CLAIM_SECONDS = 40  # a run that lives is not taken for dead on a busy machine


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> SharedCorpus:
    return SharedCorpus(tmp_path_factory.mktemp("corpus"), SHARDS)


@pytest.mark.parametrize("processes", [2, 4, 16])
def test_processes_share_the_shards(corpus: SharedCorpus, processes: int, tmp_path: Path) -> None:
    output = tmp_path / "output"
    shared = corpus.job(output, claim_seconds=CLAIM_SECONDS)
    running = [starters.start(shared) for _ in range(processes)]
    for process in running:
        process.join()
    assert [process.exitcode for process in running] == [0] * processes
    corpus.check(output)
    done = sum(units_done(output))
    assert SHARDS <= done <= SHARDS * 1.02
    listing = open_output(str(output)).listing
    assert not listing.heartbeats


def test_two_processes_with_two_workers_each_share_the_shards(
    corpus: SharedCorpus, tmp_path: Path
) -> None:
    output = tmp_path / "output"
    shared = corpus.job(output, workers=2, claim_seconds=CLAIM_SECONDS)
    running = [starters.start(shared) for _ in range(2)]
    for process in running:
        process.join()
    assert [process.exitcode for process in running] == [0, 0]
    corpus.check(output)
    assert sum(units_done(output)) == SHARDS


@pytest.mark.parametrize("seed", range(50))
def test_processes_that_are_killed_lose_and_double_nothing(
    corpus: SharedCorpus, seed: int, tmp_path: Path
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
    corpus.check(output)
