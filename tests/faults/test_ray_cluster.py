"""A Ray cluster of three nodes that loses workers, nodes or the driver; the output is the same."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest
from support import yaml_job
from support.gate import Gate
from support.harmful_filters import ExhaustingFilter, HarmfulFilter
from support.ray_session import tried
from support.sample_data import job, pairs, write_shard

from pipelines.operations.run import run
from pipelines.operations.verify import verify
from schemas.report import Summary, UnitReport

pytestmark = pytest.mark.faults
ray = pytest.importorskip("ray", reason="ray is not installed: pip install '.[ray]'")
ROOT = Path(__file__).parents[2]
UNITS = 10
TESTS = {"env_vars": {"PYTHONPATH": str(ROOT / "tests")}}  # workers import `support` from there
RAY = {"kind": "ray", "workers": 2, "runtime_env": TESTS}
ENVIRONMENT = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests'}"}  # of drivers
# Cleaning up takes less time on any machine.
SETTINGS = {"runtime_env": json.dumps(TESTS), "stop_seconds": 200}


class Nodes:
    """A cluster: a head without CPUs, and two nodes for one worker each."""

    def __init__(self) -> None:
        from ray.cluster_utils import Cluster

        self.cluster = tried(lambda: Cluster(initialize_head=True, head_node_args={"num_cpus": 0}))
        self.nodes = [self.add_node() for _ in range(2)]
        self.address = self.cluster.address

    def add_node(self) -> Any:
        return tried(lambda: self.cluster.add_node(num_cpus=1))

    def replace_one(self) -> None:
        """Kill the raylet of a node, and add another node."""
        self.cluster.remove_node(self.nodes.pop(), allow_graceful=False)
        self.nodes.append(self.add_node())

    def freeze_three(self) -> list[Any]:
        """Add three nodes that stop at once; Ray places actors there until it has noticed."""
        frozen = [self.add_node() for _ in range(3)]
        for node in frozen:
            for process in raylet(node):
                process.process.send_signal(signal.SIGSTOP)
        return frozen

    def replace_when_dead(self, frozen: list[Any]) -> None:
        """Wait until Ray has noticed that these nodes are dead; add one for each of them."""
        names = {node.node_id for node in frozen}
        while any(node["Alive"] for node in ray.nodes() if node["NodeID"] in names):
            time.sleep(0.2)
        for node in frozen:
            self.cluster.remove_node(node, allow_graceful=False)
            self.nodes.append(self.add_node())

    def workers(self) -> list[psutil.Process]:
        """Return the processes of all actors on these nodes."""
        raylets = [psutil.Process(p.process.pid) for n in self.nodes for p in raylet(n)]
        children = [child for raylet in raylets for child in raylet.children(recursive=True)]
        return [child for child in children if "RayWorker" in name(child)]


def name(process: psutil.Process) -> str:
    """Return the name that Ray gives a process, or an empty text for a process that has ended."""
    try:
        return " ".join(process.cmdline()[:1])
    except psutil.NoSuchProcess:
        return ""


def raylet(node: Any) -> list[Any]:
    return list(node.all_processes["raylet"])


@pytest.fixture(scope="module")
def nodes() -> Iterator[Nodes]:
    cluster_nodes = Nodes()
    yield cluster_nodes
    ray.shutdown()
    cluster_nodes.cluster.shutdown()


@pytest.fixture
def connected(nodes: Nodes) -> Iterator[Nodes]:
    ray.init(address=nodes.address, log_to_driver=False, logging_level="ERROR")
    yield nodes
    ray.shutdown()


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write ten units of two parts each."""
    folder = tmp_path_factory.mktemp("cluster")
    for unit in range(UNITS):
        write_shard(folder / f"shards/{unit:05}.tar", pairs(9, unit))
    return folder


def run_job(
    corpus: Path, checkpoint: Path, output: Path, runner: Mapping[str, Any], **keys: Any
) -> tuple[Summary, list[UnitReport]]:
    """Run a job; return its summary and reports. `on_report` is called with each report."""
    on_report = keys.pop("on_report", lambda _: None)
    shards = {"shards": f"{corpus}/shards/*.tar", "max_samples_per_file": 5}
    made = job(corpus, checkpoint, input=shards, output=str(output), runner=dict(runner), **keys)
    reports: list[UnitReport] = []

    def collect(report: UnitReport) -> None:
        reports.append(report)
        on_report(report)

    return run(made, on_report=collect), reports


def parquet(output: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in output.glob("*.parquet")}


def check(output: Path, expected: Path, summary: Summary) -> None:
    assert summary.outcome == "complete"
    assert parquet(output) == parquet(expected)
    assert verify(str(output)).problems == ()
    assert not list(output.rglob("*.tmp"))
    assert not list((output / "_shardmill/attempts").iterdir())
    assert not list((output / "_shardmill/heartbeats").iterdir())


@pytest.fixture(scope="module")
def undisturbed(corpus: Path, checkpoint: Path) -> Path:
    run_job(corpus, checkpoint, corpus / "undisturbed", {"kind": "local"})
    return corpus / "undisturbed"


def test_a_raylet_is_killed(
    connected: Nodes, corpus: Path, checkpoint: Path, undisturbed: Path, tmp_path: Path
) -> None:
    losses = iter([2, 5])
    at = [next(losses)]
    done: list[str] = []

    def lose(report: UnitReport) -> None:
        done.append(report.unit)
        if len(done) == at[0]:
            connected.replace_one()
            at[0] = next(losses, 0)

    summary, reports = run_job(corpus, checkpoint, tmp_path, RAY, on_report=lose)
    assert at == [0]  # both losses happened
    assert sorted(report.unit for report in reports) == [f"{unit:05}" for unit in range(UNITS)]
    check(tmp_path, undisturbed, summary)


def test_workers_are_killed(
    connected: Nodes, corpus: Path, checkpoint: Path, undisturbed: Path, tmp_path: Path
) -> None:
    killed: list[int] = []

    def kill(report: UnitReport) -> None:
        # Do not wait for a worker here: lost workers are replaced after this callback.
        if len(killed) < 3 and (workers := connected.workers()):
            with suppress(psutil.NoSuchProcess):  # a worker of the test before has ended
                workers[0].kill()
                workers[0].wait()  # else it could be chosen again
                killed.append(workers[0].pid)

    summary, _ = run_job(corpus, checkpoint, tmp_path, RAY, on_report=kill)
    assert len(set(killed)) == 3
    check(tmp_path, undisturbed, summary)


@pytest.mark.parametrize("lacks", ["disk", "memory"])
def test_a_worker_runs_out_of(
    lacks: str, connected: Nodes, corpus: Path, checkpoint: Path, tmp_path: Path
) -> None:
    filters = [ExhaustingFilter.model_validate({"lacks": lacks, "marker": f"{tmp_path}/marker"})]
    summary, reports = run_job(corpus, checkpoint, tmp_path / "a", RAY, filters=filters)
    assert (tmp_path / "marker").exists()
    assert {report.status for report in reports} == {"committed"}
    # No unit can fill the disk; a unit can exhaust memory, so that attempt counts.
    assert sum(report.attempt > 1 for report in reports) == (lacks == "memory")
    run_job(corpus, checkpoint, tmp_path / "b", {"kind": "local"}, filters=filters)
    check(tmp_path / "a", tmp_path / "b", summary)


def test_a_unit_that_kills_every_worker_is_reported_and_the_others_are_committed(
    connected: Nodes, checkpoint: Path, tmp_path: Path
) -> None:
    for unit in range(4):
        members = [*pairs(3, unit)]
        write_shard(tmp_path / f"shards/{unit}.tar", members)
    write_shard(tmp_path / "shards/2.tar", [*members[:-1], ("000002.txt", b"kill")])
    runs = {}
    for name, runner in {"ray": RAY, "local": {"kind": "local", "workers": 2}}.items():
        output = tmp_path / name
        summary, reports = run_job(tmp_path, checkpoint, output, runner, filters=[HarmfulFilter()])
        assert summary.failed == ("2",)
        (failed,) = [report for report in reports if report.status == "failed"]
        assert (failed.attempt, failed.error) == (3, "worker_died_of_signal_9")
        runs[name] = parquet(output)
    assert sorted(runs["ray"]) == ["0.parquet", "1.parquet", "3.parquet"]
    assert runs["ray"] == runs["local"]


def start(
    job_file: Path, nodes: Nodes, *command: str, workers: str = "2"
) -> "subprocess.Popen[str]":
    words = [sys.executable, "-m", "shardmill", *(command or ("run", str(job_file)))]
    if not command:
        runner = {"kind": "ray", "workers": workers, "address": nodes.address, **SETTINGS}
        words += [f"--set=runner.{key}={value}" for key, value in runner.items()]
    return subprocess.Popen(
        words,
        cwd=ROOT,
        env=ENVIRONMENT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_three_workers_are_placed_on_dead_nodes(
    connected: Nodes, corpus: Path, checkpoint: Path, tmp_path: Path
) -> None:
    job_file = yaml_job.write(tmp_path / "job.yaml", corpus / "shards", checkpoint, part=5)
    frozen = connected.freeze_three()
    # All five workers must be ready before the first unit: no unit is committed between the losses.
    process = start(job_file, connected, workers="{min: 5, max: 5}")
    connected.replace_when_dead(frozen)
    _, errors = process.communicate()
    assert process.returncode == 0, errors
    assert len(parquet(tmp_path / "output")) == 2 * UNITS
    assert verify(str(tmp_path / "output")).problems == ()


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGKILL, -signal.SIGKILL), (signal.SIGTERM, 143)]
)
def test_the_driver_is_killed_and_started_again(  # noqa: PLR0917 - fixtures
    number: signal.Signals, code: int, nodes: Nodes, corpus: Path, checkpoint: Path, tmp_path: Path
) -> None:
    gate = Gate(tmp_path / "gate")
    closing_gate = gate.filter(passed=2)  # one unit of each worker passes
    job_file = yaml_job.write(tmp_path / "job.yaml", corpus / "shards", checkpoint, 5, closing_gate)
    output, expected = tmp_path / "output", tmp_path / "expected"
    local = [sys.executable, "-m", "shardmill", "run", str(job_file), "--output", str(expected)]
    subprocess.run(local, cwd=ROOT, env=ENVIRONMENT, check=True, capture_output=True)
    gate.close()
    process = start(job_file, nodes)
    while not parquet(output):
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(number)
    gate.open()
    _, errors = process.communicate()
    assert process.returncode == code, errors
    assert "Traceback" not in errors
    if number == signal.SIGTERM:
        assert not list((output / "_shardmill/attempts").iterdir())
    committed = parquet(output)
    assert committed == {name: parquet(expected)[name] for name in committed}
    closing = start(job_file, nodes, "finish", str(output))
    closing.communicate()
    assert closing.returncode == 3  # some units are not committed
    again = start(job_file, nodes)
    _, errors = again.communicate()
    assert again.returncode == 0, errors
    assert parquet(output) == parquet(expected)
    assert verify(str(output)).problems == ()
