"""Scripts of `shardmill slurm` in Slurm: tasks that share an output, are stopped, lost or canceled.

The daemons of Slurm run on this machine. The job has a filter alone, which waits at a gate, so that
a test decides when a task goes on.
"""

import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from support.sample_data import pairs, write_shard
from support.shardmill_process import ROOT
from support.slurm_cluster import ENDS, SlurmCluster, Task, reason_to_skip
from typer.testing import CliRunner

from pipelines.cli.main import app
from pipelines.operations.verify import verify

UNITS, SAMPLES = 8, 6
JOB = """\
name: test
input: {shards: "shards/*.tar", max_samples_per_file: 2}
filters: [{kind: text_quality, min_words: 2}]
output: output
"""
FOLDER = "a 'b\" $(touch planted) %j é"  # a name with what a shell or sbatch could misread


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SlurmCluster]:
    """A cluster with one node for all tests."""
    if reason := reason_to_skip():
        pytest.skip(reason)
    with SlurmCluster(tmp_path_factory.mktemp("slurm")) as started:
        yield started


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files that one run writes, without Slurm."""
    folder = tmp_path_factory.mktemp("expected")
    _write_job(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert CliRunner().invoke(app, ["run", "job.yaml"]).exit_code == 0
    return _parquet(folder)


class Submitted:
    """A job in Slurm, in a folder of its own."""

    def __init__(self, cluster: SlurmCluster, folder: Path, gate_after: int) -> None:
        self._cluster = cluster
        self._folder = folder
        self._gate = folder / "gate"
        self._gate.mkdir(parents=True)
        (folder / "bin").mkdir()
        program = folder / "bin/shardmill"
        python_path = f"{ROOT}:{ROOT / 'tests'}"
        program.write_text(
            "#!/bin/sh\n"
            f"export PYTHONPATH={shlex.quote(python_path)} GATE_AFTER={gate_after}\n"
            f"export GATE={shlex.quote(str(self._gate))}\n"
            f'exec {shlex.quote(sys.executable)} -m support.gated_shardmill "$@"\n'
        )
        program.chmod(0o755)
        _write_job(folder)
        self.number = ""

    def submit(self, *options: str) -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(self._folder)
            patch.setenv("SLURM_CONF", self._cluster.environment["SLURM_CONF"])
            patch.setenv("PATH", f"{self._folder}/bin:{self._cluster.environment['PATH']}")
            told = CliRunner().invoke(app, ["slurm", "job.yaml", "--submit", *options])
        assert told.exit_code == 0, told.output
        self.number = told.stdout.split()[-1]

    def open_gate(self) -> None:
        (self._gate / "open").touch()

    def wait_at_gate(self, *tasks: str, restarts: int = 0) -> None:
        """Wait until these tasks of the array wait at the gate."""
        files = [self._gate / f"waiting-{task}-{restarts}" for task in tasks]

        def is_reached() -> bool:
            states = {task.state for task in self._cluster.tasks(self.number).values()}
            assert not states <= set(ENDS), self.log()
            return all(file.exists() for file in files)

        self._cluster.wait_until(is_reached, f"{tasks} are not at the gate")

    def limit_time(self, task: str, minutes: int) -> None:
        """Change the time limit of a task of the array."""
        update = (f"JobId={self.number}_{task}", f"TimeLimit={minutes}")
        self._cluster.call("scontrol", "update", *update)

    def wait_for_end(self) -> dict[str, Task]:
        return self._cluster.wait_for_end(self.number)

    def log(self) -> str:
        return "".join(path.read_text() for path in sorted(self._folder.glob("slurm-*.out")))

    def check(self, expected: dict[str, bytes]) -> None:
        """Check that the output is complete, and as an undisturbed run writes it."""
        assert _parquet(self._folder) == expected, self.log()
        assert (self._folder / "output/_SUCCESS").exists(), self.log()
        assert verify(str(self._folder / "output")).problems == ()


def _write_job(folder: Path) -> None:
    for unit in range(UNITS):
        write_shard(folder / f"shards/{unit:05}.tar", pairs(SAMPLES, unit, side=8))
    (folder / "job.yaml").write_text(JOB)


def _parquet(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (folder / "output").glob("*.parquet")}


def test_an_array_shares_one_output(
    cluster: SlurmCluster, expected: dict[str, bytes], tmp_path: Path
) -> None:
    job = Submitted(cluster, tmp_path / FOLDER, gate_after=0)
    job.submit("--array", "4")
    job.wait_at_gate("1", "2", "3", "4")
    job.open_gate()
    tasks = job.wait_for_end()
    assert {(task.state, task.exit_code) for task in tasks.values()} == {("COMPLETED", 0)}, (
        job.log()
    )
    assert sorted(tasks) == ["1", "2", "3", "4"]
    job.check(expected)
    shares = [
        int(each) for each in re.findall(r"^this run +(\d+) samples", job.log(), re.MULTILINE)
    ]
    assert (len(shares), sum(shares)) == (4, UNITS * SAMPLES), job.log()  # no sample twice
    rows = pq.read_table(tmp_path / FOLDER / "output").num_rows
    assert rows == UNITS * SAMPLES
    assert not list(tmp_path.rglob("planted"))


def test_a_task_returns_to_the_queue_before_its_time_limit(
    cluster: SlurmCluster, expected: dict[str, bytes], tmp_path: Path
) -> None:
    """Slurm signals a task early enough, and starts it again with the same number."""
    job = Submitted(cluster, tmp_path / "job", gate_after=4)
    job.submit("--array", "1-2", "--time", "60", "--signal", "170")
    job.wait_at_gate("1", "2")
    cluster.stop_queue()  # else a task could run again with the short limit
    for task in ("1", "2"):  # 2 to 3 minutes remain, of which Slurm measures whole ones
        job.limit_time(task, cluster.tasks(job.number)[task].minutes + 3)
    cluster.wait(job.number, lambda tasks: all(task.restarts for task in tasks.values()))
    for task in ("1", "2"):
        job.limit_time(task, 60)
    cluster.start_queue()
    job.wait_at_gate("1", "2", restarts=1)
    job.open_gate()
    tasks = job.wait_for_end()
    assert {(task.state, task.exit_code) for task in tasks.values()} == {("COMPLETED", 0)}, (
        job.log()
    )
    assert [task.restarts for task in tasks.values()] == [1, 1]
    assert job.log().count("shardmill: exit code 143: the task returns to the queue") == 2
    job.check(expected)


def test_a_task_that_gets_sigterm_alone_returns_alone(
    cluster: SlurmCluster, expected: dict[str, bytes], tmp_path: Path
) -> None:
    """The last task of an array has the number of the whole array."""
    job = Submitted(cluster, tmp_path / "job", gate_after=4)
    job.submit("--array", "1-2")
    job.wait_at_gate("1", "2")
    (last,) = (task for task in cluster.tasks(job.number).values() if task.number == job.number)
    cluster.call("scancel", "--batch", "--signal=TERM", f"{job.number}_{last.index}")
    job.wait_at_gate(last.index, restarts=1)
    job.open_gate()
    tasks = job.wait_for_end()
    assert {(task.state, task.exit_code) for task in tasks.values()} == {("COMPLETED", 0)}, (
        job.log()
    )
    assert {index for index, task in tasks.items() if task.restarts} == {last.index}
    job.check(expected)


def test_a_canceled_task_stays_canceled_and_the_others_go_on(
    cluster: SlurmCluster, expected: dict[str, bytes], tmp_path: Path
) -> None:
    job = Submitted(cluster, tmp_path / "job", gate_after=4)
    job.submit("--array", "1-2")
    job.wait_at_gate("1", "2")
    cluster.call("scancel", f"{job.number}_1")
    cluster.wait(job.number, lambda tasks: tasks["1"].state == "CANCELLED")
    job.open_gate()
    tasks = job.wait_for_end()
    assert (tasks["1"].state, tasks["1"].restarts) == ("CANCELLED", 0)
    assert (tasks["2"].state, tasks["2"].exit_code) == ("COMPLETED", 0)
    assert "interrupted: what is committed stays" in job.log()
    assert "returns to the queue" not in job.log()
    job.check(expected)


def test_a_killed_node_daemon_disturbs_no_task(
    cluster: SlurmCluster, expected: dict[str, bytes], tmp_path: Path
) -> None:
    job = Submitted(cluster, tmp_path / "job", gate_after=4)
    job.submit()
    job.wait_at_gate("0")
    cluster.kill_node_daemon()
    cluster.start_node()
    job.open_gate()
    (task,) = job.wait_for_end().values()
    assert (task.state, task.restarts) == ("COMPLETED", 0)
    job.check(expected)


def test_a_lost_node_returns_its_tasks_to_the_queue(
    cluster: SlurmCluster, expected: dict[str, bytes], tmp_path: Path
) -> None:
    job = Submitted(cluster, tmp_path / "job", gate_after=4)
    job.submit("--array", "1-2", "--set", "runner.claim_seconds=5")  # after which claims end
    job.wait_at_gate("1", "2")
    cluster.lose_node()
    cluster.start_node()
    job.wait_at_gate("1", "2", restarts=1)
    job.open_gate()
    tasks = job.wait_for_end()
    assert {(task.state, task.restarts) for task in tasks.values()} == {("COMPLETED", 1)}
    job.check(expected)


def test_a_users_mistake_does_not_return_to_the_queue(
    cluster: SlurmCluster, tmp_path: Path
) -> None:
    job = Submitted(cluster, tmp_path / "job", gate_after=0)
    job.submit("--array", "1-2", "--set", "input.shards=nowhere/*.tar")
    tasks = job.wait_for_end()
    ended = {(task.state, task.exit_code, task.restarts) for task in tasks.values()}
    assert ended == {("FAILED", 2, 0)}, job.log()


def test_a_failing_task_returns_to_the_queue_up_to_max_restarts(
    cluster: SlurmCluster, tmp_path: Path
) -> None:
    job = Submitted(cluster, tmp_path / "job", gate_after=0)
    (tmp_path / "job/bin/shardmill").write_text("#!/bin/sh\nexit 1\n")
    job.submit("--max-restarts", "1")
    (task,) = job.wait_for_end().values()
    assert (task.state, task.exit_code, task.restarts) == ("FAILED", 1, 1)
    assert "exit code 1 after 1 restarts: not queued again" in job.log()
