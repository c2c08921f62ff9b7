"""Drivers of Ray and Beam share one output, with each other and with a local process."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from support import ray_head
from support.ray_head import Head
from support.shared_corpus import SharedCorpus, units_done

pytestmark = pytest.mark.faults
SHARDS = 24
CLAIM_SECONDS = 40  # a run that lives is not taken for dead on a busy machine
LOCAL: Mapping[str, Any] = {"kind": "local"}
BEAM: Mapping[str, Any] = {"kind": "beam"}
SEVERAL = ("--direct_running_mode=multi_processing", "--direct_num_workers=2")
PROCESSES: Mapping[str, Any] = {"kind": "beam", "options": SEVERAL}
Driver = subprocess.Popen[str]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> SharedCorpus:
    return SharedCorpus(tmp_path_factory.mktemp("corpus"), SHARDS, waits=True)


@pytest.fixture(scope="module")
def cluster() -> Iterator[Head]:
    pytest.importorskip("ray", reason="ray is not installed: pip install '.[ray]'")
    with ray_head.head("--num-cpus=2", "--include-dashboard=false") as head:
        yield head


def start(corpus: SharedCorpus, output: Path, *runners: Mapping[str, Any]) -> list[Driver]:
    """Start `shardmill run` on an output with each runner; none does all shards before the others.

    Each waits with its first shard until all have begun one.
    """
    corpus.wait_for(len(runners))
    drivers = []
    for number, runner in enumerate(runners):
        environment = ray_head.environment(TMPDIR=str(output.parent), BARRIER_NAME=str(number))
        file = output.parent / f"job-{number}.json"
        job = corpus.job(output, **runner)
        file.write_text(json.dumps(job.model_dump(mode="json", exclude_none=True)))
        words = [sys.executable, "-m", "shardmill", "run", str(file)]
        drivers.append(subprocess.Popen(words, env=environment, stderr=subprocess.PIPE, text=True))
    return drivers


def check_shared(corpus: SharedCorpus, output: Path, drivers: list[Driver]) -> None:
    """Check that drivers end well, and that each shard was done once."""
    for driver in drivers:
        _, printed = driver.communicate()
        assert driver.returncode == 0, printed
    corpus.check(output)
    done = units_done(output)
    assert (len(done), sum(done)) == (len(drivers), SHARDS)
    assert all(done)


def test_drivers_of_ray_share_the_shards(
    corpus: SharedCorpus, cluster: Head, tmp_path: Path
) -> None:
    runner = {"kind": "ray", "workers": 1, "address": cluster.address}
    runner["claim_seconds"] = CLAIM_SECONDS
    drivers = start(corpus, tmp_path / "output", runner, runner)
    check_shared(corpus, tmp_path / "output", drivers)


@pytest.mark.parametrize("runners", [(BEAM, BEAM), (BEAM, LOCAL), (PROCESSES, BEAM)])
def test_drivers_of_beam_share_the_shards(
    corpus: SharedCorpus, runners: tuple[Mapping[str, Any], ...], tmp_path: Path
) -> None:
    patient = [{**runner, "claim_seconds": CLAIM_SECONDS} for runner in runners]
    drivers = start(corpus, tmp_path / "output", *patient)
    check_shared(corpus, tmp_path / "output", drivers)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_driver_of_beam_takes_over_the_shards_of_another(
    corpus: SharedCorpus, number: signal.Signals, tmp_path: Path
) -> None:
    output = tmp_path / "output"
    drivers = start(corpus, output, BEAM, BEAM)
    while not list(output.glob("*.parquet")) and all(driver.poll() is None for driver in drivers):
        time.sleep(0.01)
    drivers[1].send_signal(number)
    _, printed = drivers[0].communicate()
    drivers[1].communicate()
    assert drivers[0].returncode == 0, printed
    assert drivers[1].returncode in (0, 143, -9)  # it may have ended before
    corpus.check(output)
