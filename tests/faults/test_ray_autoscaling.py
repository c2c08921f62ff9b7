"""A Ray cluster that starts without nodes, grows when a run asks for workers, and loses a node."""

import json
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.gate import Gate
from support.ray_head import Head, environment, free_ports, head
from support.sample_data import job, pairs, write_shard
from support.synchronized_run import reported_units, start_reporting

from pipelines.operations.run import run
from pipelines.operations.verify import verify

pytestmark = pytest.mark.faults
pytest.importorskip("ray", reason="ray is not installed: pip install '.[ray]'")
UNITS, NODES = 20, 2
# Node ids, as the provider numbers them.
HEAD, FIRST = (f"{'f' * 51}{number:05}" for number in range(2))
FAKE = "ray.autoscaler._private.fake_multi_node"
# Commands that a cluster's configuration can run on its machines; all are empty here.
COMMANDS = (
    "initialization",
    "setup",
    "head_setup",
    "worker_setup",
    "head_start_ray",
    "worker_start_ray",
)


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Head]:
    """Start a head without CPUs; the cluster can add up to two nodes, for one worker each."""
    ports = free_ports(2)
    one_worker = {"CPU": 1, "object_store_memory": 128 << 20}
    config = {
        "cluster_name": "growing",
        "provider": {
            "type": "external",  # the provider's own type needs a file that Ray does not ship
            "module": f"{FAKE}.node_provider.FakeMultiNodeProvider",
            "gcs_address": f"127.0.0.1:{ports[0]}",
            "head_node_id": HEAD,
            "launch_multiple": True,
            "disable_node_updaters": True,
            "disable_launch_config_check": True,
        },
        "head_node_type": "ray.head.default",  # the provider expects this name
        "available_node_types": {
            "ray.head.default": {"resources": {}, "node_config": {}, "max_workers": 0},
            "worker": {"resources": one_worker, "node_config": {}, "max_workers": NODES},
        },
        "max_workers": NODES,
        "idle_timeout_minutes": 30,  # a node is not taken away before a worker comes to it
        "upscaling_speed": 1,
        "auth": {},
        "file_mounts": {},
        "cluster_synced_files": [],
        "file_mounts_sync_continuously": False,
        **{f"{when}_commands": [] for when in COMMANDS},
    }
    file = tmp_path / "cluster.json"
    file.write_text(json.dumps(config), encoding="utf-8")
    variables = {
        "RAY_FAKE_CLUSTER": "1",
        "RAY_enable_autoscaler_v2": "1",
        "RAY_CLOUD_INSTANCE_ID": HEAD,
        "RAY_OVERRIDE_NODE_ID_FOR_TESTING": HEAD,
        "AUTOSCALER_UPDATE_INTERVAL_S": "1",
    }
    options = ["--num-cpus=0", f"--autoscaling-config={file}"]
    with head(*options, ports=ports, variables=variables) as running:
        yield running


def nodes(cluster: Head) -> int:
    """Count the nodes besides the head."""
    processes = cluster.process.children(recursive=True)
    return sum(process.name() == "raylet" for process in processes) - 1


def parquet(output: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in output.glob("*.parquet")}


def test_a_cluster_grows_and_loses_a_node(cluster: Head, checkpoint: Path, tmp_path: Path) -> None:
    for unit in range(UNITS):
        write_shard(tmp_path / f"shards/{unit:05}.tar", pairs(20, unit))
    gate, expected = Gate(tmp_path / "gate"), tmp_path / "expected"
    filters = [gate.filter(passed=1)]  # one unit of each worker passes
    run(job(tmp_path, checkpoint, output=str(expected), filters=filters))
    assert nodes(cluster) == 0
    # The run wants more workers than the cluster can run; it begins when two are ready.
    runner = {"kind": "ray", "workers": {"min": NODES, "max": 4}, "address": cluster.address}
    gate.close()
    growing = job(tmp_path, checkpoint, runner=runner, filters=filters)
    driver = start_reporting(growing, tmp_path / "job.json")
    reports = reported_units(driver)
    done = [next(reports), next(reports)]  # of two workers, which wait with their next units
    assert nodes(cluster) == NODES
    drain = ["ray", "drain-node", "--address", cluster.address, "--node-id", FIRST]
    drain += ["--reason", "DRAIN_NODE_REASON_PREEMPTION", "--reason-message", "taken away"]
    drain += ["--deadline-remaining-seconds", "1"]
    subprocess.run(drain, env=environment(), check=True)
    while len(gate.waiting) <= NODES and driver.poll() is None:
        time.sleep(0.1)  # until a worker on a third node has done a unit
    gate.open()
    *others, outcome = reports
    assert driver.wait() == 0
    assert sorted([*done, *others]) == [f"{unit:05}" for unit in range(UNITS)]
    assert outcome == "complete"
    assert parquet(tmp_path / "output") == parquet(expected)
    assert verify(str(tmp_path / "output")).problems == ()
