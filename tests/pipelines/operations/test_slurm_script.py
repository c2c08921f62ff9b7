"""The script of `shardmill slurm`: what it asks of Slurm, and what it does with each exit code.

The script runs in bash; small programs stand for shardmill and for the programs of Slurm. Real
Slurm runs the script in tests/orchestrators.
"""

import os
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

import pytest
from support import document_blocks
from support.command_line import call
from typer.testing import Result

from pipelines.config.job import Job
from pipelines.operations.slurm import Start, TaskOptions, slurm_script

JOB = """\
name: test
input: {shards: "shards/*.tar"}
filters: [{kind: image_size}]
output: output
"""
MODEL = "\nmodel: {checkpoint: gpt2}\ntasks: {caption: {kind: caption}}\n"
CLASSIFIER = '{kind: porn_image_model, model: "models/nsfw", drop_at: 0.5}'

# Each program notes its arguments, one a line.
NOTED = """\
#!/bin/bash
here=${BASH_SOURCE%/*}/..
printf '%s\\n' "$@" > "$here/${BASH_SOURCE##*/}.called"
"""
PROGRAMS = {
    "shardmill": """
        trap 'echo TERM >> "$here/signals"; exit 143' TERM
        pwd > "$here/folder"
        touch "$here/at-work"
        while [ "$CODE" = wait ]; do sleep 0.01; done
        exit "$CODE"
    """,
    "squeue": 'echo "$STATE"',
    "scontrol": "",
    "sbatch": 'cat > "$here/submitted"; echo "$SAID" >&$((1 + CODE)); exit "$CODE"',
    "apptainer": 'while [ "$1" != shardmill ]; do shift; done; exec "$@"',
}
TASK = {"SLURM_JOB_ID": "70", "SLURM_ARRAY_JOB_ID": "70", "SLURM_ARRAY_TASK_ID": "3"}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a job file, and the programs on PATH."""
    (tmp_path / "bin").mkdir()
    for name, program in PROGRAMS.items():
        path = tmp_path / "bin" / name
        path.write_text(NOTED + program)
        path.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:{os.environ['PATH']}")
    for name in list(os.environ):
        if name.startswith("SLURM_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    Path("job.yaml").write_text(JOB)
    return tmp_path


def slurm(*arguments: object, code: int = 0) -> Result:
    return call("slurm", *arguments, code=code)


def directives(*options: object) -> list[str]:
    lines = slurm("job.yaml", *options).stdout.splitlines()
    return [line.removeprefix("#SBATCH ") for line in lines if line.startswith("#SBATCH")]


def start(code: object, variables: Mapping[str, str] = TASK) -> "subprocess.Popen[str]":
    """Start job.sh in another folder; shardmill ends with an exit code, or waits for a signal."""
    return subprocess.Popen(
        ["bash", os.path.abspath("job.sh")],
        env={**os.environ, "STATE": "RUNNING", **variables, "CODE": str(code)},
        cwd="/",
        stderr=subprocess.PIPE,
        text=True,
    )


def run(code: object, variables: Mapping[str, str] = TASK) -> tuple[int, str]:
    """Run job.sh; return its exit code, and what it prints to stderr."""
    process = start(code, variables)
    errors = process.communicate()[1]
    return process.returncode, errors


def called(program: str) -> list[str]:
    """The arguments with which a program was last called; none if it was not."""
    path = Path(f"{program}.called")
    return path.read_text(errors="surrogateescape").splitlines() if path.exists() else []


def test_a_task_asks_for_what_the_options_say() -> None:
    asked = directives(
        *(
            "--array",
            "1-16%4",
            "--time",
            "1-12:00",
            "--gpus",
            "a100:2",
            "--cpus",
            8,
            "--mem",
            "32G",
        ),
        *("--partition", "gpu,long", "--account", "lab", "--qos", "high"),
        *("--constraint", "[rack1*2|rack2*4]&ib", "--signal", 120),
    )
    assert asked == [
        "--requeue",
        "--job-name=test",
        "--array=1-16%4",
        "--time=1-12:00",
        "--nodes=1",
        "--ntasks=1",
        "--cpus-per-task=8",
        "--mem=32G",
        "--gres=gpu:a100:2",
        "--partition=gpu,long",
        "--account=lab",
        "--qos=high",
        "--constraint=[rack1*2|rack2*4]&ib",
        "--signal=B:TERM@120",
        "--open-mode=append",
    ]
    script = slurm("job.yaml", "--time", "60").stdout
    first_command = next(line for line in script.splitlines() if line and line[0] != "#")
    assert script.index(first_command) > script.rindex("#SBATCH")  # sbatch reads none after it


@pytest.mark.parametrize(
    ("given", "array"), [("16", "1-16"), ("16%4", "1-16%4"), ("0-7:2,9", "0-7:2,9"), ("5,7", "5,7")]
)
def test_an_array_is_a_number_of_tasks_or_their_indices(given: str, array: str) -> None:
    assert f"--array={array}" in directives("--array", given)


@pytest.mark.parametrize(
    ("job", "options", "gres"),
    [
        (JOB, (), None),
        (JOB, ("--gpus", "1"), "--gres=gpu:1"),
        (JOB + MODEL, (), "--gres=gpu:1"),
        (JOB + MODEL, ("--gpus", "0"), None),
        (JOB + MODEL, ("--set", "model.device=cpu"), None),
        (JOB + MODEL, ("--set", "runner.workers=4"), "--gres=gpu:4"),
        (JOB + MODEL, ("--set", "runner.gpus_per_worker=2"), "--gres=gpu:2"),
        (JOB.replace("{kind: image_size}", CLASSIFIER), (), "--gres=gpu:1"),
    ],
)
def test_a_task_has_a_gpu_for_each_model(
    job: str, options: tuple[str, ...], gres: str | None
) -> None:
    Path("job.yaml").write_text(job)
    asked = [each for each in directives(*options) if each.startswith("--gres")]
    assert asked == ([gres] if gres else [])


# Exit codes of shardmill, with which a task returns to the queue: always, or up to --max-restarts.
@pytest.mark.parametrize(
    ("code", "restarts", "is_queued"),
    [
        (0, 0, False),
        (2, 0, False),
        (143, 0, True),
        (143, 99, True),
        (1, 0, True),
        (1, 1, True),
        (1, 2, False),
        (3, 0, False),
        (137, 0, True),  # killed
        (127, 0, True),  # there is no shardmill on this node
    ],
)
def test_an_exit_code_says_whether_the_task_returns_to_the_queue(
    code: int, restarts: int, is_queued: bool
) -> None:
    slurm("job.yaml", "--array", 4, "--max-restarts", 2, "--output", "job.sh")
    ended, errors = run(code, {**TASK, "SLURM_RESTART_COUNT": str(restarts)} if restarts else TASK)
    assert ended == code
    assert called("scontrol") == (["requeue", "70_3"] if is_queued else [])
    if not is_queued and code not in (0, 2, 3):
        assert errors == f"shardmill: exit code {code} after 2 restarts: not queued again\n"
    elif is_queued:
        assert errors == f"shardmill: exit code {code}: the task returns to the queue\n"
        # With the array's own number, squeue and scontrol would take all of its tasks.
        assert called("squeue") == ["--noheader", "--jobs=70_3", "--format=%T"]


@pytest.mark.parametrize("state", ["COMPLETING", "PENDING", "RUNNING\nRUNNING", ""])
def test_a_canceled_task_stays_canceled(state: str) -> None:
    slurm("job.yaml", "--output", "job.sh")
    assert run(143, {**TASK, "STATE": state}) == (143, "")
    assert called("scontrol") == []


def test_a_task_without_an_array_has_the_number_of_its_job() -> None:
    slurm("job.yaml", "--output", "job.sh")
    assert run(143, {"SLURM_JOB_ID": "70"})[0] == 143
    assert called("scontrol") == ["requeue", "70"]


def test_the_script_runs_without_slurm() -> None:
    slurm("job.yaml", "--output", "job.sh")
    assert run(143, {}) == (143, "")
    assert called("squeue") == []


@pytest.mark.parametrize("signals", [1, 3])
def test_a_signal_reaches_shardmill_once(signals: int, folder: Path) -> None:
    slurm("job.yaml", "--output", "job.sh")
    process = start("wait")
    while not (folder / "at-work").exists():
        assert process.poll() is None
        time.sleep(0.01)
    for _ in range(signals):
        process.send_signal(signal.SIGTERM)
    process.communicate()
    assert process.returncode == 143
    assert (folder / "signals").read_text() == "TERM\n"
    assert called("scontrol") == ["requeue", "70_3"]


def test_a_signal_before_the_start_is_not_lost(folder: Path) -> None:
    (folder / "setup.sh").write_text("kill -s TERM $$\n")
    slurm("job.yaml", "--setup", "setup.sh", "--output", "job.sh")
    assert run("wait")[0] == 143
    assert called("scontrol") == ["requeue", "70_3"]


HOSTILE = "a b'\"$(touch planted)`touch planted`\\;&é\n#SBATCH --array=1-9"


def test_names_are_no_shell(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = folder / HOSTILE / os.fsdecode(b"\xff")
    place.mkdir(parents=True)
    (place / "-job.yaml").write_text(JOB)
    monkeypatch.chdir(place)
    script = folder / "job.sh"
    setting = "output=$(touch planted) '"
    slurm(
        "--set",
        setting,
        "--output",
        script,
        "--container",
        "$(touch planted).sif",
        "--",
        "-job.yaml",
    )
    monkeypatch.chdir(folder)
    assert run(0) == (0, "")
    expected = ["run", str(place / "-job.yaml"), "--set", setting]
    noted = Path("shardmill.called").read_text(errors="surrogateescape")
    assert noted == "".join(f"{word}\n" for word in expected)
    assert called("apptainer")[:2] == ["exec", "$(touch planted).sif"]
    assert (folder / "folder").read_text(errors="surrogateescape") == f"{place}\n"
    assert not list(folder.rglob("planted"))


def test_the_script_on_stdout_is_the_same_as_in_a_file(folder: Path) -> None:
    printed = slurm("job.yaml", "--array", 4).stdout_bytes
    told = slurm("job.yaml", "--array", 4, "--output", "job.sh").stdout
    assert (folder / "job.sh").read_bytes() == printed
    assert told == "Wrote job.sh. Start it with: sbatch job.sh\n"
    assert "--force" in slurm("job.yaml", "--output", "job.sh", code=2).stderr


def test_the_environment_is_made_before_the_job_runs(folder: Path) -> None:
    (folder / "setup.sh").write_text("cd /\nexport ADDED=1 # no line end")
    (folder / "venv/bin").mkdir(parents=True)
    (folder / "venv/bin/activate").write_text('printf %s "$ADDED" > "$HERE/activated"\n')
    slurm("job.yaml", "--setup", "setup.sh", "--activate", "venv", "--output", "job.sh")
    assert run(0, {**TASK, "HERE": str(folder)}) == (0, "")
    assert (folder / "activated").read_text() == "1"
    assert (folder / "folder").read_text() == f"{folder}\n"
    (folder / "venv/bin/activate").unlink()
    Path("shardmill.called").unlink()
    assert run(0)[0] == 1  # without the environment, another shardmill could run
    assert called("shardmill") == []


def test_a_container_with_a_model_sees_the_gpus() -> None:
    script = slurm("job.yaml", "--container", "docker://x/y:1").stdout
    assert "apptainer exec docker://x/y:1 shardmill run" in script
    Path("job.yaml").write_text(JOB + MODEL)
    script = slurm("job.yaml", "--container", "shardmill.sif").stdout
    assert "apptainer exec --nv shardmill.sif shardmill run" in script


def test_submit_gives_the_script_to_sbatch(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CODE", "0")
    monkeypatch.setenv("SAID", "Submitted batch job 17")
    assert slurm("job.yaml", "--submit").stdout == "Submitted batch job 17\n"
    assert (folder / "submitted").read_text() == slurm("job.yaml").stdout
    monkeypatch.setenv("CODE", "1")
    monkeypatch.setenv("SAID", "sbatch: error: invalid partition specified: gpu\nsbatch: error: no")
    told = slurm("job.yaml", "--submit", "--output", "job.sh", code=2).stderr
    assert " ".join(told.split()) == (
        "shardmill: --submit: sbatch refused the script: sbatch: error: invalid partition "
        "specified: gpu; sbatch: error: no"
    )
    monkeypatch.setenv("PATH", "/nowhere")
    assert "sbatch is not on PATH" in slurm("job.yaml", "--submit", code=2).stderr


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--array", "0"), "--array '0': give a number of tasks, or indices like 1-16%4"),
        (("--array", "a"), "--array 'a': give a number of tasks"),
        (("--array", "1-4\n#SBATCH --x"), "--array"),
        (("--time", "4h"), "--time '4h': write hours like 04:00:00"),
        (("--time", "00:01:00"), "--time 00:01:00: is not more than --signal 60 seconds"),
        (("--time", "1"), "--time 1: is not more than --signal 60 seconds"),
        (("--signal", "5"), "--signal"),
        (("--gpus", "all"), "--gpus 'all': write a number, or a type like a100:1"),
        (("--mem", "32 GB"), "--mem '32 GB': write a size like 32G"),
        (("--partition", "gpu long"), "--partition 'gpu long': leave out spaces and quotes"),
        (("--account", "$(touch x)"), "--account '$(touch x)': leave out"),
        (("--constraint", 'a"b'), "--constraint 'a\"b': leave out"),
        (("--setup", "nowhere.sh"), "--setup nowhere.sh: No such file or directory"),
        (("--setup", "."), "--setup .: Is a directory"),
        (("--output", "nowhere/job.sh"), "there is no folder nowhere"),
        (("--set", "runner.kind=ray"), "runner.kind: 'ray' has workers of its own"),
        (("--set", "nme=x"), "nme"),
    ],
)
def test_a_mistake_is_one_line(options: tuple[str, str], said: str) -> None:
    told = " ".join(slurm("job.yaml", *options, code=2).stderr.split())
    assert said in told
    assert not Path("job.sh").exists()


def test_a_setup_that_is_no_text_is_refused(folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    assert "--setup pipe: Not a regular file" in slurm("job.yaml", "--setup", "pipe", code=2).stderr
    (folder / "zero").write_bytes(b"\0")
    assert "--setup zero: is no text" in slurm("job.yaml", "--setup", "zero", code=2).stderr


def test_the_documents_show_the_script() -> None:
    shown = [block.text for block in document_blocks.blocks("bash")]
    options = TaskOptions(array="16", time="04:00:00", cpus=8)
    place = Start("/shared/recap/job.yaml", "/shared/recap", activate="/shared/shardmill-env")
    assert (
        slurm_script(Job.parse(f"{JOB}{MODEL}", settings=["name=recap"]), options, place) in shown
    )
