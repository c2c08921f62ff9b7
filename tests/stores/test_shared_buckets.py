"""Processes share an output in a bucket by claims, also if requests fail and some are killed.

The environment variable ROUNDS says how many rounds with kills are played; the default is one,
and without it, sixteen processes are left out.
"""

import os
import random
from collections.abc import Iterator

import pytest
from stores.conftest import use
from support import starters
from support.object_servers import ObjectServer
from support.shared_corpus import SharedCorpus, units_done
from support.spoiling_proxy import Fault, SpoilingProxy, spoiling_proxy

from pipelines.config.job import Job
from pipelines.storage.settings import StorageSettings

SHARDS = 24
ROUNDS = range(int(os.environ.get("ROUNDS", "1")))
PROCESSES = [2, 4, *([16] if "ROUNDS" in os.environ else [])]
FAULTS: tuple[Fault, ...] = ("503", "429", "reset", "cut", "lost")


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> SharedCorpus:
    return SharedCorpus(tmp_path_factory.mktemp("corpus"), SHARDS)


@pytest.fixture
def proxy(moto: ObjectServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[SpoilingProxy]:
    use(moto, monkeypatch=monkeypatch)
    with spoiling_proxy(moto.url) as started:
        yield started


def job_through(proxy: SpoilingProxy, corpus: SharedCorpus, output: str) -> Job:
    reached = {"s3://": StorageSettings(endpoint=proxy.url)}
    return corpus.job(output, claim_seconds=6).model_copy(update={"storage": reached})


def spoil(proxy: SpoilingProxy, chance: random.Random) -> None:
    """Let one request of fifty fail, in one of five ways."""
    proxy.follow(lambda *_: chance.choice(FAULTS) if chance.random() < 0.02 else "")


@pytest.mark.parametrize("processes", PROCESSES)
def test_processes_share_a_bucket(
    processes: int, corpus: SharedCorpus, moto: ObjectServer, proxy: SpoilingProxy
) -> None:
    spoil(proxy, random.Random(f"shared buckets/{processes}"))
    shared = job_through(proxy, corpus, f"{moto.new_bucket()}/output")
    running = [starters.start(shared) for _ in range(processes)]
    for process in running:
        process.join()
    assert [process.exitcode for process in running] == [0] * processes
    corpus.check(shared.output)
    assert SHARDS <= sum(units_done(shared.output)) <= SHARDS * 1.02


@pytest.mark.parametrize("seed", ROUNDS)
def test_processes_that_are_killed_lose_and_double_nothing(
    seed: int, corpus: SharedCorpus, moto: ObjectServer, proxy: SpoilingProxy
) -> None:
    """Killed processes are replaced; the first one takes over what the others leave."""
    chance = random.Random(f"killed in a bucket/{seed}")
    spoil(proxy, random.Random(f"spoiled/{seed}"))
    shared = job_through(proxy, corpus, f"{moto.new_bucket()}/output")
    running = [starters.start(shared) for _ in range(chance.choice((2, 4, 16)))]
    killed = [process for process in running[1:] if chance.random() < 0.5]
    for process in killed:
        process.join(chance.uniform(0, 0.5))
        process.kill() if chance.random() < 0.5 else process.terminate()
        if chance.random() < 0.5:
            running.append(starters.start(shared))
    for process in running:
        process.join()
    assert [p.exitcode for p in running if p not in killed] == [0] * (len(running) - len(killed))
    corpus.check(shared.output)
