"""A Ray cluster of three hosts; one of them loses its network during a job."""

import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from support.network_namespaces import Host, simulated_hosts, why_unavailable
from support.ray_head import head, started
from support.sample_data import job, pairs, write_shard
from support.synchronized_run import reported_units, require_processes, start, with_barrier

from pipelines.operations.run import run
from pipelines.operations.verify import verify

pytestmark = pytest.mark.faults
pytest.importorskip("ray", reason="ray is not installed: pip install '.[ray]'")
UNITS, NODES = 20, 2
PORTS = (6379, 8265)  # Ray's defaults: these hosts have a network of their own
# With Ray's defaults a lost host is noticed after a minute, with these after about 20 seconds.
# A host that stands still for less time is not taken for lost: it answers the next check.
FAST_HEALTH_CHECKS = {
    "RAY_health_check_initial_delay_ms": "1000",
    "RAY_health_check_period_ms": "1000",
    "RAY_health_check_timeout_ms": "10000",
    "RAY_health_check_failure_threshold": "2",
}


@pytest.fixture
def cluster() -> Iterator[list[Host]]:
    """Start a head without CPUs, and two nodes for one worker each."""
    if reason := why_unavailable():
        pytest.skip(reason)
    with ExitStack() as running:
        machines = running.enter_context(simulated_hosts(1 + NODES))
        first, *others = machines
        ray_head = head(
            "--num-cpus=0",
            host=first.address,
            ports=PORTS,
            prefix=first.prefix,
            variables=FAST_HEALTH_CHECKS,
        )
        running.enter_context(ray_head)
        for machine in others:
            words = ["ray", "start", "--block", f"--address={first.address}:{PORTS[0]}"]
            words += [f"--node-ip-address={machine.address}", "--num-cpus=1"]
            running.enter_context(started([*machine.prefix, *words], **FAST_HEALTH_CHECKS))
        yield machines


def parquet(output: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in output.glob("*.parquet")}


def test_a_host_loses_its_network(cluster: list[Host], checkpoint: Path, tmp_path: Path) -> None:
    for unit in range(UNITS):
        write_shard(tmp_path / f"shards/{unit:05}.tar", pairs(20, unit))
    barrier, expected = tmp_path / "barrier", tmp_path / "expected"
    require_processes(barrier, 1)
    run(with_barrier(job(tmp_path, checkpoint, output=str(expected)), barrier))
    require_processes(barrier, 1 + NODES)  # this process, and a worker on each node
    first, second, _ = cluster
    address = f"{first.address}:{PORTS[0]}"
    runner = {"kind": "ray", "workers": NODES, "address": address}
    driver = start(job(tmp_path, checkpoint, runner=runner), barrier, first.prefix)
    reports = reported_units(driver)
    done = [next(reports), next(reports)]
    require_processes(barrier, 99)  # no running unit is finished
    subprocess.run(second.unplug, check=True)
    require_processes(barrier, 0)  # the lost host also continues, and writes the same units
    *others, outcome = reports
    assert driver.wait() == 0
    assert sorted([*done, *others]) == [f"{unit:05}" for unit in range(UNITS)]
    assert outcome == "complete"
    assert parquet(tmp_path / "output") == parquet(expected)
    assert verify(str(tmp_path / "output")).problems == ()
