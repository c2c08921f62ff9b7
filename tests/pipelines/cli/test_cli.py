"""The command line as a user sees it: its output, its one-line errors, its exit codes."""

import json
import os
import re
import socket
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, cast

import pytest
from PIL import Image
from support import random_adapter, yaml_job
from support.command_line import call
from support.sample_data import pairs, tar_bytes, write_shard

import shardmill
from pipelines.cli.main import main
from pipelines.config.job import Job
from pipelines.output.heartbeat import HeartbeatRecord
from pipelines.output.layout import Layout
from pipelines.runners.local import run_local
from pipelines.runners.runner import RUNNERS, Reports
from schemas.report import worker_speed

Capture = pytest.CaptureFixture[str]
STATUSES = (("3", "kept"), ("0", "dropped"), ("0", "quarantined"), ("0", "invalid"))


@pytest.fixture
def job_file(tmp_path: Path, checkpoint: Path) -> Path:
    for unit in range(2):
        write_shard(tmp_path / f"shards/{unit:05}.tar", pairs(3, unit))
    return yaml_job.write(tmp_path / "job.yaml", tmp_path / "shards", checkpoint)


def error(*arguments: object, code: int = 2) -> str:
    """Run a command that fails; return its one line on stderr."""
    result = call(*arguments, code=code)
    lines = result.stderr.strip().splitlines()
    assert lines[-1].startswith("shardmill: ")
    assert "Traceback" not in result.output
    return lines[-1]


def test_help_names_every_command() -> None:
    shown = call("--help").output
    names = ("init", "plan", "preview", "run", "status", "inspect", "verify", "finish")
    for name in (*names, "bench", "fetch", "retry"):
        assert f" {name} " in shown


def test_the_job_that_init_writes_is_valid(tmp_path: Path) -> None:
    written = tmp_path / "job.yaml"
    call("init", written)
    assert Job.load(written).tasks["caption"].kind == "caption"
    assert "exists already" in error("init", written)


def test_plan_shows_defaults_and_writes_nothing(job_file: Path) -> None:
    shown = call("plan", job_file).output
    assert "2 (" in shown
    assert "max_pixels" not in shown
    with_keys = call("plan", job_file, "--all").output
    assert "max_pixels: 100000000" in with_keys
    assert with_keys.endswith(shown)
    assert not (job_file.parent / "output").exists()
    planned = json.loads(call("plan", job_file, "--json").output)
    assert [unit["name"] for unit in planned["pending"]] == ["00000", "00001"]


def test_fetch_of_a_job_without_models_has_nothing_to_do(tmp_path: Path) -> None:
    """Orchestrators fetch before every run, whatever the job."""
    job = "name: n\ninput: {shards: shards}\nfilters: [{kind: image_size}]\noutput: o\n"
    (tmp_path / "job.yaml").write_text(job)
    assert call("fetch", tmp_path / "job.yaml").output == (
        "the job names no model: there is nothing to fetch\n"
    )


def test_run_then_status_verify_inspect_and_finish(job_file: Path, tmp_path: Path) -> None:
    output = tmp_path / "output"
    summary = json.loads(call("run", job_file, "--json").stdout)
    assert (summary["outcome"], summary["counts"]["kept"]) == ("complete", 6)
    assert "2 of 2 shards" in call("status", output).output
    assert json.loads(call("status", output, "--json").output)["complete"] is True
    assert "problems: 0" in call("verify", output).output
    sheet = tmp_path / "sheet.png"
    shown = call("inspect", output, "-n", 4, "--sheet", sheet).output
    assert "picture 0 of series 0" in shown
    assert Image.open(sheet).format == "PNG"
    (output / "_SUCCESS").unlink()
    call("finish", output)
    assert (output / "_SUCCESS").exists()


def test_every_speed_of_a_run_is_that_of_one_worker(job_file: Path) -> None:
    result = call("run", job_file)
    (line,) = (line for line in result.stderr.splitlines() if "2 of 2 shards" in line)
    speed = re.search(r"(\d+\.\d) samples a second and worker", line)
    assert speed is not None
    assert speed[0] in result.stdout
    assert worker_speed(6, 0.5) == 12.0
    assert worker_speed(0, 0) == 0


def test_status_counts_the_samples_of_every_status(job_file: Path, tmp_path: Path) -> None:
    call("run", job_file, "--limit-units", 1)  # an earlier name of --limit-shards
    shown = call("status", tmp_path / "output").output
    assert "1 of 2 shards" in shown
    assert all(f"{number} {name}" in " ".join(shown.split()) for number, name in STATUSES)
    counts = json.loads(call("status", tmp_path / "output", "--json").output)["counts"]
    assert {name: counts[name] for _, name in STATUSES} == {n: int(c) for c, n in STATUSES}


def test_rows_of_one_shard_are_shown(job_file: Path, tmp_path: Path) -> None:
    output = tmp_path / "output"
    call("run", job_file)
    for option, name in (("--shard", "00001.tar"), ("--shard", "00001"), ("--unit", "00001")):
        shown = call(
            "inspect", output, option, name, "--sheet", tmp_path / "sheet.png", "--force"
        ).output
        assert "of series 1" in shown
        assert "of series 0" not in shown
    assert "shards are named like '00000.tar'" in error("inspect", output, "--shard", "7")


@pytest.mark.parametrize("command", ["run", "status", "inspect", "retry", "verify", "finish"])
def test_help_speaks_of_shards(command: str) -> None:
    assert "unit" not in call(command, "--help").output.replace("--limit-units", "")


def test_a_run_beside_another_one_is_warned(job_file: Path, tmp_path: Path) -> None:
    now = datetime.now(UTC)
    other = HeartbeatRecord(host=socket.gethostname(), process=os.getppid(), since=now, beat=now)
    heartbeat = Path(Layout(str(tmp_path / "output")).heartbeat("other"))
    call("run", job_file, "--limit-shards", 1)
    heartbeat.parent.mkdir(exist_ok=True)
    heartbeat.write_text(other.model_dump_json())
    assert "its speed is not known yet" in " ".join(
        call("status", tmp_path / "output").output.split()
    )
    assert "another run seems to be at work" in call("run", job_file).stderr


def test_what_a_runner_prints_goes_to_stderr(
    job_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def chatty(*arguments: Any) -> Reports:  # as Ray does when its cluster has no room
        print("(raylet) There are tasks")
        yield from run_local(*arguments)

    monkeypatch.setitem(cast(dict[str, Any], RUNNERS), "local", lambda: chatty)
    result = call("run", job_file, "--json")
    assert json.loads(result.stdout)["outcome"] == "complete"
    assert "(raylet)" in result.stderr


def test_a_partial_run_succeeds_but_its_output_is_not_complete(
    job_file: Path, tmp_path: Path
) -> None:
    output = tmp_path / "output"
    call("run", job_file, "--limit-shards", 1)
    assert not (output / "_SUCCESS").exists()
    call("finish", output, code=3)
    call("verify", output, code=3)
    assert "not complete" in call("status", output).output
    call("run", job_file)
    assert (output / "_SUCCESS").exists()


def test_a_cut_shard_fails_alone_and_is_reported(job_file: Path, tmp_path: Path) -> None:
    cut = tmp_path / "shards/00001.tar"
    whole = cut.read_bytes()
    cut.write_bytes(whole[: len(whole) // 2])
    shown = call("run", job_file, code=3)
    assert "00001: failed: shard_truncated near byte" in shown.stderr
    status = json.loads(call("status", tmp_path / "output", "--json").output)
    assert (status["committed"], status["failed"]) == (1, 1)
    assert status["failures"][0]["error"] == "shard_truncated"


def test_a_cut_shard_is_salvaged_if_the_job_says_so(job_file: Path, tmp_path: Path) -> None:
    cut = tmp_path / "shards/00001.tar"
    whole = cut.read_bytes()
    cut.write_bytes(whole[: len(whole) // 2])
    (tmp_path / "shards/00002.tar").write_bytes(b"garbage" * 500)
    settings = ("--set", "input.on_bad_shard=salvage", "--set", "input.max_samples_per_file=1")
    shown = call("run", job_file, *settings, code=3)
    assert "00001: salvaged: shard_truncated near byte" in shown.stderr
    assert "00002: failed: shard_unreadable" in shown.stderr
    result = json.loads(call("verify", tmp_path / "output", "--json", code=3).output)
    assert result["counts"]["read"] == 4  # three of the whole shard, one before the cut
    assert result["problems"] == ["00002: not committed at all: run the job again"]
    (early,) = result["salvaged"]
    assert early.startswith("00001.parquet: shard_truncated near byte")


def test_running_twice_changes_nothing(job_file: Path, tmp_path: Path) -> None:
    call("run", job_file)
    before = {p: (p.read_bytes(), p.stat().st_mtime_ns) for p in tmp_path.rglob("*") if p.is_file()}
    call("run", job_file)
    after = {p: (p.read_bytes(), p.stat().st_mtime_ns) for p in tmp_path.rglob("*") if p.is_file()}
    assert after == before


def test_a_changed_job_is_refused_with_the_difference_named(job_file: Path) -> None:
    call("run", job_file)
    message = error("run", job_file, "--set", "filters.0.min_words=3")
    assert "filters.0.min_words = 2, now it is 3" in message
    assert "another output" in message


def test_a_changed_shard_is_named(job_file: Path, tmp_path: Path) -> None:
    call("run", job_file)
    (tmp_path / "shards/00001.tar").write_bytes(tar_bytes(pairs(4, 1)))
    printed = call("run", job_file, code=3).output
    assert "00001.tar: changed since committed: `shardmill retry OUTPUT --changed`" in printed
    assert "00001.tar: changed since committed" in " ".join(call("plan", job_file).output.split())
    assert "1 changed shard" in call("retry", tmp_path / "output", "--changed", "--yes").output
    call("run", job_file)


def test_preview_shows_prompts_and_stores_nothing(
    job_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shown = call("preview", job_file, "-n", 4).output
    assert "caption en" in shown
    assert "detect circle" in shown
    assert (tmp_path / "preview.png").exists()
    assert not (tmp_path / "output").exists()


def test_damage_is_reported_and_repaired_by_running_again(job_file: Path, tmp_path: Path) -> None:
    call("run", job_file)
    file = tmp_path / "output/00000.parquet"
    whole = file.read_bytes()
    flipped = whole[:100] + bytes([whole[100] ^ 1]) + whole[101:]
    for damaged in (flipped, whole[:100], b""):
        file.write_bytes(damaged)
        assert "00000.parquet: damaged" in call("verify", tmp_path / "output", code=3).output
    for command in ("finish", "inspect"):
        assert "delete it and run the job again" in error(command, tmp_path / "output")
    assert "delete it and run the job again" in error("run", job_file)
    file.unlink()
    call("run", job_file)
    assert file.read_bytes() == whole
    assert json.loads(call("verify", tmp_path / "output", "--json").output)["problems"] == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run"], "Missing argument 'JOB'"),
        (["ru"], "No such command 'ru'"),
        (["status", "output", "--nonsense"], "No such option: --nonsense"),
        (["review", "output", "--output", "page.html"], "No such option: --output: write --to"),
        (["review", "output", "--block-size", "9"], "`shardmill review --help` lists all"),
        (["inspect", "output", "-n", "0"], "must be at least 1"),
        (["inspect", "output", "--sheet", "missing/x.png"], "there is no folder missing"),
        (["init", "missing/job.yaml"], "there is no folder missing"),
        (["init", "/dev/null"], "/dev/null: is no file: name another"),
        (["inspect", "output", "--sheet", "/dev/null"], "/dev/null: is no file: name another"),
    ],
)
def test_wrong_usage_also_ends_with_one_line(
    arguments: list[str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: Capture,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["shardmill", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("shardmill: ")
    assert message in line
    assert ended.value.code == 2


def test_without_a_command_the_help_is_shown_and_no_error(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.setattr("sys.argv", ["shardmill"])
    with pytest.raises(SystemExit):
        main()
    shown = capsys.readouterr()
    assert "Usage: " in shown.out
    assert "shardmill: " not in shown.err


def test_an_output_that_cannot_be_written_is_an_error_of_the_job(job_file: Path) -> None:
    assert "is a file where a folder must be" in error(
        "run", job_file, "--output", job_file / "output"
    )


def test_plan_checks_a_mask_decoder(job_file: Path) -> None:
    setting = f'tasks.masks={{kind: segment, labels: [a], mask_decoder: "{job_file}"}}'
    assert "tasks.masks: mask_decoder:" in error("plan", job_file, "--set", setting)


def test_schemas() -> None:
    assert "max_samples_per_file" in call("schema").output


def test_explain() -> None:
    assert (
        "whole number or null: 1 to 65,536; default: null"
        in call("explain", "model.block_size").output
    )
    whole = call("explain").output
    assert "max_error_rate" in whole
    assert "shardmill explain KEY" in whole
    kinds = call("explain", "filters").output
    assert "filters.image_size" in kinds
    assert "on_indeterminate" in kinds
    assert "The smallest length of the shorter side" in call("explain", "filters.image_size").output
    assert call("explain", "--markdown").output.startswith("# The keys of a job file")
    assert "did you mean model.block_size" in error("explain", "model.blocksize")


def test_the_parquet_schema_of_a_job(job_file: Path) -> None:
    shown = call("schema", job_file).output
    assert "caption_info: struct<status: string" in shown
    assert "objects: list<" in shown


def test_the_columns_of_an_output(job_file: Path) -> None:
    of_job = call("schema", job_file).output
    call("run", job_file)
    of_output = call("schema", job_file.parent / "output").output
    assert of_output.replace("element:", "item:") == of_job


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "missing.yaml"], "missing.yaml: cannot be read"),
        (["status", "nowhere"], "is not an output of shardmill"),
        (["verify", "nowhere"], "is not an output of shardmill"),
        (["inspect", "nowhere"], "is not an output of shardmill"),
        (["finish", "nowhere"], "is not an output of shardmill"),
        (["status", "hdfs://bucket/output"], "hdfs:// cannot be read"),
    ],
)
def test_errors_are_one_line(
    arguments: Sequence[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert message in error(*arguments)


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("model.checkpoint=./missing", "model.checkpoint"),
        ("tasks.caption.language=klingon", "tasks.caption.language"),
        ("input.shards=missing/*.tar", "/missing/*.tar"),
        ("model.blok_size=3", "did you mean 'block_size'"),
    ],
)
def test_errors_in_the_job_name_the_field(
    job_file: Path, setting: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert message in error("run", job_file, "--set", setting)


def test_bench_shows_rates_and_hours(checkpoint: Path) -> None:
    settings = ("--precision", "float32", "--device", "cpu", "--images", 4, "--batch-size", 2)
    sizes = ("--block-size", 2, "--block-size", 4)
    shown = call("bench", checkpoint, *settings, *sizes, "--mix", "caption,answer").output
    assert "images/s" in shown
    assert "1,000,000" in shown
    assert len([line for line in shown.splitlines() if line.strip("│ ")[:1] in ("2", "4")]) == 2


@pytest.mark.faults  # takes 4 s
def test_bench_takes_an_adapter_and_quantized_weights(checkpoint: Path, tmp_path: Path) -> None:
    adapter = random_adapter.build(checkpoint, tmp_path, target_modules=["q_proj"])
    settings = ("--precision", "nf4", "--device", "cpu", "--images", 2, "--block-size", 2)
    assert "images/s" in call("bench", checkpoint, "--adapter", adapter, *settings).output
    assert "model.adapter: there is no dir" in error("bench", checkpoint, "--adapter", "nowhere")


def test_bench_refuses_unknown_tasks_precisions_and_models(checkpoint: Path) -> None:
    assert "'poem'" in error("bench", checkpoint, "--mix", "caption,poem")
    assert "'float99'" in error("bench", checkpoint, "--precision", "float99")
    assert "no directory" in error("bench", "nowhere")


def test_the_version_is_told(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    monkeypatch.setattr("sys.argv", ["/somewhere/__main__.py", "--version"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"shardmill {shardmill.__version__}\n"
    assert shardmill.__version__ == version("shardmill")


def test_the_command_line_speaks_of_itself_as_shardmill(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    for name in ("shardmill.py", "__main__.py", "shardmill"):
        monkeypatch.setattr("sys.argv", [f"/somewhere/{name}", "plan", "--help"])
        with pytest.raises(SystemExit):
            main()
        assert "Usage: shardmill plan" in capsys.readouterr().out


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shells_can_complete(shell: str, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    script = call("completion", shell).stdout
    assert "_SHARDMILL_COMPLETE=complete_" in script
    assert "shardmill" in script
    monkeypatch.setenv("_SHARDMILL_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", "shardmill inspect output --rea")
    monkeypatch.setenv("COMP_CWORD", "3")
    monkeypatch.setattr("sys.argv", ["shardmill"])
    with pytest.raises(SystemExit):
        main()
    assert capsys.readouterr().out.split() == ["--reason"]


def test_a_shell_that_is_not_known_is_named() -> None:
    assert "powershell" in call("completion", "powershell", code=2).stderr
