"""Whole jobs whose requests fail lose no row, double none, and write the undisturbed bytes."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Container, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from stores.conftest import use
from support.bucket_jobs import NO_MODEL, STORAGE, rows_written
from support.object_servers import ObjectServer
from support.sample_data import job, pairs, tar_bytes
from support.spoiling_proxy import FAULTS, Fault, Rule, SpoilingProxy, spoiling_proxy

from pipelines.config.job import Job
from pipelines.operations.run import run
from pipelines.operations.verify import verify
from pipelines.output import output as outputs
from pipelines.storage import object_throttle
from pipelines.storage.settings import StorageSettings
from schemas.errors import WorkerFault

FILTERS = [{"kind": "text_quality", "min_words": 1}]
HANG_SECONDS = 3
ROUNDS = 50
SAMPLES = 5


@pytest.fixture
def proxy(moto: ObjectServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[SpoilingProxy]:
    use(moto, monkeypatch=monkeypatch)
    monkeypatch.setattr(object_throttle, "_LEAST_SCALE", 2000.0)  # else each test takes minutes
    with spoiling_proxy(moto.url, HANG_SECONDS) as started:
        yield started


@pytest.fixture
def shards(moto: ObjectServer, proxy: SpoilingProxy) -> str:
    """A bucket with three tars; the second has two output files."""
    bucket = moto.new_bucket()
    for number, samples in enumerate((1, 3, 1)):
        STORAGE.write_bytes(f"{bucket}/shards/{number}.tar", tar_bytes(pairs(samples, number)))
    return bucket


def job_through(
    proxy: SpoilingProxy, bucket: str, output: str, read: float = 1, retry: float = 600
) -> Job:
    """Return a job that waits `read` seconds for bytes, and repeats a request for `retry` seconds.

    A request that takes longer because the machine is busy is repeated too.
    """
    reads = {"shards": f"{bucket}/shards/*.tar", "text": "txt", "max_samples_per_file": 2}
    patience = {"endpoint": proxy.url, "read_seconds": read, "retry_seconds": retry}
    keys: dict[str, Any] = {"filters": FILTERS, "storage": {"s3://": patience}, **NO_MODEL}
    return job(Path("/"), input=reads, output=f"{bucket}/{output}", **keys)


def patient(proxy: SpoilingProxy, made: Job) -> Job:
    """Return a job that waits for answers as long as users' jobs do.

    On a busy machine, an answer may take longer than the job of `job_through` waits.
    """
    return made.model_copy(update={"storage": {"s3://": StorageSettings(endpoint=proxy.url)}})


def check_whole(proxy: SpoilingProxy, made: Job, expected: dict[str, bytes]) -> None:
    """Run the rest of a job undisturbed; the output is the one of an undisturbed job."""
    proxy.follow(spoiling("", ()))
    made = patient(proxy, made)
    assert run(made).outcome == "complete"
    assert rows_written(made.output) == expected
    assert verify(made.output).problems == ()


@pytest.fixture
def expected(proxy: SpoilingProxy, shards: str) -> dict[str, bytes]:
    made = patient(proxy, job_through(proxy, shards, "undisturbed"))
    assert run(made).outcome == "complete"
    return rows_written(made.output)


# The n-th request fails in the n-th of six ways; with STORE_FAULTS=all, each in all ways.
WAYS = range(len(FAULTS) if os.environ.get("STORE_FAULTS") == "all" else 1)


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("way", WAYS)
def test_each_request_of_a_job_may_fail_once(
    way: int, proxy: SpoilingProxy, shards: str, expected: dict[str, bytes]
) -> None:
    for turn, (spoiled, request) in enumerate(requests_of_a_job(proxy, shards)):
        fault = FAULTS[(turn + way) % len(FAULTS)]
        made = job_through(proxy, shards, f"{fault}-{spoiled}")
        proxy.follow(spoiling(fault, {spoiled}))
        summary = run(made)
        assert summary.outcome == "complete", (fault, request)
        assert summary.counts is not None
        assert summary.counts.read == SAMPLES
        assert rows_written(made.output) == expected, (fault, request)
        before = len(proxy.asked)
        assert run(patient(proxy, made)).units_here == 0  # the rerun has nothing to do
        assert len(proxy.asked) - before < 20


def requests_of_a_job(proxy: SpoilingProxy, shards: str) -> list[tuple[int, str]]:
    """Number and line of each request; of the same requests in a row, the first and the last."""
    proxy.follow(spoiling("", ()))
    run(job_through(proxy, shards, "counted"))
    lines = [*proxy.asked, ""]
    numbers = range(len(lines) - 1)
    return [(n, lines[n]) for n in numbers if lines[n - 1] != lines[n] or lines[n + 1] != lines[n]]


def spoiling(fault: Fault, numbers: Container[int]) -> Rule:
    return lambda number, method, path: fault if number in numbers else ""


def test_random_faults_and_deaths_lose_nothing(
    proxy: SpoilingProxy, shards: str, expected: dict[str, bytes]
) -> None:
    """A death is a storage that answers nothing from some request on."""
    for seed in range(ROUNDS):
        random_ = random.Random(seed)
        made = job_through(proxy, shards, f"round-{seed}", read=0.2, retry=0.5)
        for _ in range(random_.randrange(1, 3)):
            dies_at, share = random_.randrange(80), random_.uniform(0, 0.2)

            def rule(
                number: int,
                method: str,
                path: str,
                *,
                draw: random.Random = random_,
                end: int = dies_at,
                share: float = share,
            ) -> Fault:
                if number >= end:
                    return "reset"
                return draw.choice(FAULTS) if draw.random() < share else ""

            proxy.follow(rule)
            with suppress(OSError, WorkerFault):
                run(made)
        check_whole(proxy, made, expected)


@pytest.mark.parametrize("seed", range(4))
def test_killed_processes_lose_nothing_while_requests_fail(
    seed: int, proxy: SpoilingProxy, shards: str, expected: dict[str, bytes], tmp_path: Path
) -> None:
    random_ = random.Random(seed)
    made = job_through(proxy, shards, "killed")
    (tmp_path / "job.yaml").write_text(made.model_dump_json(exclude_unset=True))
    draw = random.Random(seed)
    proxy.follow(lambda number, method, path: draw.choice(FAULTS) if draw.random() < 0.1 else "")
    command = [sys.executable, "-m", "shardmill", "run", str(tmp_path / "job.yaml")]
    for _ in range(2):
        before = len(proxy.asked)
        with subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as process:
            kill_after = before + random_.randrange(5, 50)
            while process.poll() is None and len(proxy.asked) < kill_after:
                time.sleep(0.01)
            process.kill()
        assert process.returncode in (0, -signal.SIGKILL)
    check_whole(proxy, made, expected)


def test_stale_listings_are_never_wrong(
    proxy: SpoilingProxy,
    shards: str,
    expected: dict[str, bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A listing may show an output as it was before: units are then done again, or refused."""
    monkeypatch.setattr(outputs, "_FIRST_PAUSE", 0.001)
    made = job_through(proxy, shards, "stale", read=0.2, retry=0.5)
    for dies_at in range(12, 60, 6):
        proxy.follow(spoiling("reset", range(dies_at, 10_000)))
        with suppress(OSError, WorkerFault):
            run(made)
        proxy.follow(lambda number, method, path: "stale" if "list-type" in path else "")
        with suppress(OSError, WorkerFault):
            run(made)
        assert rows_written(made.output).items() <= expected.items()
    check_whole(proxy, made, expected)
