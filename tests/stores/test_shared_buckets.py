"""Processes share an output in a bucket by claims, also if requests fail and some are killed.

The environment variable ROUNDS says how many rounds with kills are played with two, with four and
with sixteen processes each; the default is one, and without it, sixteen are left out.
`ROUNDS=50 pytest -m stores -s tests/stores/test_shared_buckets.py` also prints what was counted;
SHARDS is the number of shards of a round.
"""

import os
import random
from collections import Counter
from collections.abc import Iterator

import pytest
from stores.conftest import use
from support import starters
from support.object_servers import ObjectServer
from support.shared_corpus import SharedCorpus, units_done
from support.spoiling_proxy import Fault, SpoilingProxy, spoiling_proxy

from pipelines.config.job import Job
from pipelines.storage.settings import StorageSettings

SHARDS = int(os.environ.get("SHARDS", "24"))
ROUNDS = range(int(os.environ.get("ROUNDS", "1")))
PROCESSES = [2, 4, *([16] if "ROUNDS" in os.environ else [])]
FAULTS: tuple[Fault, ...] = ("503", "429", "reset", "cut", "lost")


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> SharedCorpus:
    return SharedCorpus(tmp_path_factory.mktemp("corpus"), SHARDS)


@pytest.fixture(scope="module")
def counted() -> Iterator[dict[str, Counter[str]]]:
    """Counts of all tests by their kind and number of processes, which are printed at the end."""
    counts: dict[str, Counter[str]] = {}
    yield counts
    for name, numbers in counts.items():
        print(f"\n{name}: {', '.join(f'{number} {what}' for what, number in numbers.items())}")


@pytest.fixture
def proxy(moto: ObjectServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[SpoilingProxy]:
    use(moto, monkeypatch=monkeypatch)
    with spoiling_proxy(moto.url) as started:
        yield started


def job_through(proxy: SpoilingProxy, corpus: SharedCorpus, output: str, claim: int = 6) -> Job:
    reached = {"s3://": StorageSettings(endpoint=proxy.url)}
    return corpus.job(output, claim_seconds=claim).model_copy(update={"storage": reached})


def spoil(proxy: SpoilingProxy, chance: random.Random) -> None:
    """Let one request of fifty fail, in one of five ways."""
    proxy.follow(lambda *_: chance.choice(FAULTS) if chance.random() < 0.02 else "")


def claim_requests(asked: list[str], files: int) -> int:
    """Return how many of these requests create, read, list or delete claims, or look units up.

    Each of the `files` that runs commit is looked up once for another reason.
    """
    looked_up = sum(line.startswith("HEAD") and ".parquet" in line for line in asked)
    return sum("attempts" in line for line in asked) + max(0, looked_up - files)


@pytest.mark.parametrize("processes", PROCESSES)
def test_processes_share_a_bucket(
    processes: int,
    corpus: SharedCorpus,
    moto: ObjectServer,
    proxy: SpoilingProxy,
    counted: dict[str, Counter[str]],
) -> None:
    spoil(proxy, random.Random(f"shared buckets/{processes}"))
    # A process that lives is not taken for dead on a busy machine.
    shared = job_through(proxy, corpus, f"{moto.new_bucket()}/output", claim=40)
    running = [starters.start(shared) for _ in range(processes)]
    for process in running:
        process.join()
    asked = proxy.asked
    counts = counted.setdefault(f"{processes} processes without kills", Counter())
    counts += Counter(rounds=1, units=SHARDS)
    assert [process.exitcode for process in running] == [0] * processes
    corpus.check(shared.output)
    done = sum(units_done(shared.output))
    counts["done again"] += done - SHARDS
    counts["requests for claims"] += claim_requests(asked, corpus.num_files)
    counts["requests"] += len(asked)
    assert SHARDS <= done <= SHARDS * 1.02


@pytest.mark.parametrize("seed", ROUNDS)
@pytest.mark.parametrize("processes", PROCESSES)
def test_processes_that_are_killed_lose_and_double_nothing(
    processes: int,
    seed: int,
    *,
    corpus: SharedCorpus,
    moto: ObjectServer,
    proxy: SpoilingProxy,
    counted: dict[str, Counter[str]],
) -> None:
    """Killed processes are replaced; the first one takes over what the others leave."""
    chance = random.Random(f"killed in a bucket/{processes}/{seed}")
    spoil(proxy, random.Random(f"spoiled/{processes}/{seed}"))
    shared = job_through(proxy, corpus, f"{moto.new_bucket()}/output")
    running = [starters.start(shared) for _ in range(processes)]
    killed = [process for process in running[1:] if chance.random() < 0.5]
    for process in killed:
        process.join(chance.uniform(0, 0.5))
        process.kill() if chance.random() < 0.5 else process.terminate()
        if chance.random() < 0.5:
            running.append(starters.start(shared))
    for process in running:
        process.join()
    codes = Counter(process.exitcode for process in killed)
    counts = counted.setdefault(f"{processes} processes with kills", Counter())
    counts += Counter(
        rounds=1, units=SHARDS, killed=codes[-9], stopped=codes[143], **{"ended before": codes[0]}
    )
    assert [p.exitcode for p in running if p not in killed] == [0] * (len(running) - len(killed))
    corpus.check(shared.output)  # no row is lost or doubled, and each file has the same bytes
