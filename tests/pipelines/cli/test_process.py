"""The command line as a process: its streams, its interruptions and its exit codes."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from support.sample_data import pairs, write_shard
from support.shardmill_process import ROOT

pytestmark = pytest.mark.faults  # many processes
LINE = "shardmill: interrupted: what is committed stays; run the same command to go on"
# Runs the command line, and sends a signal to itself when a module is imported.
INTERRUPTED = """
import os, signal, sys
number, module = int(sys.argv[1]), sys.argv[2]
signal.signal(signal.SIGINT, signal.default_int_handler)

class Finder:
    def find_spec(self, name, path, target=None):
        if name == module:
            os.kill(os.getpid(), number)

sys.meta_path.insert(0, Finder())
sys.argv[1:] = sys.argv[3:]
import shardmill
shardmill.main()
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a job over three shards, which a text filter judges."""
    folder = tmp_path_factory.mktemp("process")
    for number in range(3):
        write_shard(folder / f"shards/é{number}.tar", pairs(2))
    filters = [{"kind": "text_quality", "min_words": 1}]
    shards = {"shards": f"{folder}/shards/*.tar"}
    job = {"name": "x", "input": shards, "filters": filters, "output": f"{folder}/é-output"}
    (folder / "job.yaml").write_text(json.dumps(job))
    return folder


def run(*arguments: object, **options: object) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "shardmill", *map(str, arguments)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.run(  # type: ignore[call-overload, no-any-return]
        command, check=False, cwd=ROOT, text=True, **{**pipes, **options}
    )


def test_a_run_needs_no_stderr_and_says_where_its_summary_cannot_be_written(folder: Path) -> None:
    with open("/dev/full", "wb") as full:
        first = run("run", folder / "job.yaml", "--json", stderr=full)
        assert (first.returncode, json.loads(first.stdout)["outcome"]) == (0, "complete")
        second = run("status", folder / "é-output", stdout=full)
    assert second.returncode == 1
    message = "shardmill: standard output cannot be written: No space left on device"
    assert second.stderr.strip() == message
    ascii_only = {**os.environ, "PYTHONIOENCODING": "ascii"}
    inspect = ("inspect", folder / "é-output", "--force", "--sheet", folder / "sheet.png")
    shown = run(*inspect, env=ascii_only)
    assert shown.returncode == 0
    assert shown.stderr == f"The images are in {folder / 'sheet.png'}\n"
    assert r"\xe90.tar" in shown.stdout
    reader, writer = os.pipe()
    os.close(reader)  # as `head` does after its last line
    for arguments in (inspect, ("--help",)):
        ended = run(*arguments, stdout=writer)
        assert (ended.returncode, ended.stderr) == (128 + signal.SIGPIPE, "")
    os.close(writer)
    status = run("status", folder / "é-output", "--json", env=ascii_only)
    assert json.loads(status.stdout)["output"] == f"{folder}/é-output"


@pytest.mark.parametrize(
    ("arguments", "code"), [(["--help"], 1), (["init", "job.yaml"], 1), (["nonsense"], 2)]
)
@pytest.mark.parametrize("full", [1, 2])
def test_every_command_has_its_exit_code_without_a_stream(
    arguments: list[str], code: int, full: int, tmp_path: Path
) -> None:
    arguments = [str(tmp_path / each) if each == "job.yaml" else each for each in arguments]
    with open("/dev/full", "wb") as target:
        result = run(*arguments, **{"stdout" if full == 1 else "stderr": target})
    writes_result = code == 1
    assert result.returncode == (0 if writes_result and full == 2 else code)
    assert "Traceback" not in (result.stderr or "")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize(
    "module", ["typer", "pipelines.cli.job_commands", "rich.console", "pydantic", "pyarrow"]
)
def test_an_interruption_of_imports_is_one_line(
    number: signal.Signals, module: str, folder: Path
) -> None:
    command = [sys.executable, "-c", INTERRUPTED, str(int(number)), module]
    command += ["status", str(folder / "nowhere")]
    result = subprocess.run(command, check=False, cwd=ROOT, capture_output=True, text=True)
    assert (result.returncode, result.stderr.splitlines()) == (128 + number, [LINE])


def test_retry_without_anybody_to_ask_deletes_nothing(folder: Path, tmp_path: Path) -> None:
    broken = write_shard(tmp_path / "shards/a.tar", [("a.txt", b"two words")])
    job = {**json.loads((folder / "job.yaml").read_text()), "output": f"{tmp_path}/output"}
    (tmp_path / "job.yaml").write_text(json.dumps({**job, "input": {"shards": str(broken)}}))
    assert run("run", tmp_path / "job.yaml").returncode == 3  # no sample is kept
    retry = ("retry", tmp_path / "output", "--with", "invalid")
    asked = run(*retry, stdin=subprocess.DEVNULL)
    assert asked.returncode == 2
    assert asked.stderr.splitlines()[-1].startswith("shardmill: nothing was deleted, nothing run")
    assert (tmp_path / "output/a.parquet").exists()
