"""A Ray cluster of three hosts, of which one loses its network in mid-job."""

import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from support.network_namespaces import Host, hosts, why_not
from support.ray_head import head, started
from support.sample_data import job, pairs, write_shard
from support.synchronized_run import filtered, reported, start, want

from pipelines.operations.run import run
from pipelines.operations.verify import verify

pytestmark = pytest.mark.faults
pytest.importorskip("ray", reason="ray is not installed: pip install '.[ray]'")
UNITS, NODES = 20, 2
PORTS = (6379, 8265, 10001)  # Ray's own, for the network is
HASTE = {  # a lost host is noticed within seconds: by Ray's own settings it takes a minute
    "RAY_health_check_initial_delay_ms": "1000",
    "RAY_health_check_period_ms": "1000",
    "RAY_health_check_timeout_ms": "1000",
    "RAY_health_check_failure_threshold": "3",
}


@pytest.fixture
def cluster() -> Iterator[list[Host]]:
    """A head, which runs no worker, and two nodes with room for one worker each."""
    if reason := why_not():
        pytest.skip(reason)
    with ExitStack() as running:
        machines = running.enter_context(hosts(1 + NODES))
        first, *others = machines
        made = head(
            "--num-cpus=0",
            host=first.address,
            ports=PORTS,
            within=first.within,
            variables=HASTE,
        )
        running.enter_context(made)
        for machine in others:
            words = ["ray", "start", "--block", f"--address={first.address}:{PORTS[0]}"]
            words += [f"--node-ip-address={machine.address}", "--num-cpus=1"]
            running.enter_context(started([*machine.within, *words], **HASTE))
        yield machines


def parquet(output: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in output.glob("*.parquet")}


def test_a_host_loses_its_network(cluster: list[Host], checkpoint: Path, tmp_path: Path) -> None:
    for unit in range(UNITS):
        write_shard(tmp_path / f"shards/{unit:05}.tar", pairs(20, unit))
    gathered, expected = tmp_path / "gathered", tmp_path / "expected"
    want(gathered, 1)
    run(filtered(job(tmp_path, checkpoint, output=str(expected)), gathered))
    want(gathered, 1 + NODES)  # this process, and a worker on each
    first, second, _ = cluster
    address = f"{first.address}:{PORTS[0]}"
    runner = {"kind": "ray", "workers": NODES, "address": address}
    driver = start(job(tmp_path, checkpoint, runner=runner), gathered, first.within)
    told = reported(driver)
    done = [next(told), next(told)]
    want(gathered, 99)  # whatever is in work stays so
    subprocess.run(second.cut, check=True)
    want(gathered, 0)  # the lost host goes on too, and writes what the other writes
    *others, outcome = told
    assert driver.wait() == 0
    assert sorted([*done, *others]) == [f"{unit:05}" for unit in range(UNITS)]
    assert outcome == "complete"
    assert parquet(tmp_path / "output") == parquet(expected)
    assert verify(str(tmp_path / "output")).problems == ()
