"""The options --log-format and --quiet, and the variable SHARDMILL_LOG_FORMAT."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from support.command_line import call
from support.sample_data import pairs, write_shard
from support.shardmill_process import ROOT

import pipelines.cli.job_commands
from pipelines.cli.main import main
from pipelines.logs.events import log_schema

STATUSES = ("read", "kept", "dropped", "quarantined", "invalid")
VALIDATOR = jsonschema.Draft202012Validator(log_schema())


@pytest.fixture
def job_file(tmp_path: Path) -> Path:
    """A job without a model over four shards, one of which is cut in the middle."""
    for number in range(4):
        write_shard(tmp_path / f"shards/{number}.tar", pairs(3, number))
    cut = tmp_path / "shards/2.tar"
    cut.write_bytes(cut.read_bytes()[:3000])
    filters = [{"kind": "text_quality", "min_words": 1}]
    shards = {"shards": f"{tmp_path}/shards/*.tar"}
    job = {"name": "x", "input": shards, "filters": filters, "output": f"{tmp_path}/output"}
    (tmp_path / "job.yaml").write_text(json.dumps(job))
    return tmp_path / "job.yaml"


def events(text: str) -> list[dict[str, Any]]:
    """Parse each line of stderr, and check it against the schema."""
    parsed = [json.loads(line) for line in text.splitlines()]
    for line in parsed:
        VALIDATOR.validate(line)
    return parsed


@pytest.mark.faults
def test_every_line_of_a_run_with_workers_is_an_event(job_file: Path) -> None:
    words = [sys.executable, "-m", "shardmill", "run", str(job_file), "--json"]
    words += ["--set", "runner.workers=2", "--log-format", "json"]
    ended = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 3
    check_lines(json.loads(ended.stdout), events(ended.stderr))


def test_every_line_of_a_run_is_an_event(job_file: Path) -> None:
    ended = call("run", job_file, "--json", "--log-format", "json", code=3)
    check_lines(json.loads(ended.stdout), events(ended.stderr))


def check_lines(summary: dict[str, Any], lines: list[dict[str, Any]]) -> None:
    """Check the log of a run, of which one unit failed, against the run's summary."""
    by_event: dict[str, list[dict[str, Any]]] = {}
    for line in lines:
        by_event.setdefault(line["event"], []).append(line)
    assert {line["run"] for line in lines} == {summary["run"]}
    assert lines[0]["event"] == "run_started"
    assert lines[0]["units_to_do"] == 4
    assert {line["unit"] for line in by_event["unit_committed"]} == {"0", "1", "3"}
    (failed,) = by_event["unit_failed"]
    assert (failed["unit"], failed["level"]) == ("2", "error")
    assert failed["reason"].startswith("shard_")
    counts = {name: summary["counts_here"][name] for name in STATUSES}
    for name in STATUSES:
        assert sum(line["counts"][name] for line in by_event["unit_committed"]) == counts[name]
    (ended_line,) = by_event["run_ended"]
    assert (ended_line["outcome"], ended_line["counts"]) == ("failed", counts)
    assert by_event["progress"][-1]["counts"] == counts
    assert by_event["progress"][-1]["units_done"] == 3


def test_the_environment_chooses_the_format(
    job_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHARDMILL_LOG_FORMAT", "json")
    shown = call("run", job_file, "--limit-shards", 1)
    assert "run_ended" in {line["event"] for line in events(shown.stderr)}
    assert "1 of 4 shards" in shown.stdout
    (line,) = events(call("status", job_file.parent / "nowhere", code=2).stderr)
    assert (line["event"], line["exit_code"]) == ("command_failed", 2)
    text = call("run", job_file, "--limit-shards", 1, "--log-format", "text").stderr
    assert not text.startswith("{")
    monkeypatch.setenv("SHARDMILL_LOG_FORMAT", "xml")
    assert (
        "SHARDMILL_LOG_FORMAT: 'xml' is neither text nor json"
        in call("plan", job_file, code=2).stderr
    )


@pytest.mark.parametrize("words", [["run"], ["run", "a", "--lags"], ["nothing"]])
@pytest.mark.parametrize("by_option", [True, False])
def test_wrong_usage_is_an_event_too(
    words: list[str],
    by_option: bool,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    if by_option:
        words = [*words, "--log-format", "json"]
    else:
        monkeypatch.setenv("SHARDMILL_LOG_FORMAT", "json")
    monkeypatch.setattr(sys, "argv", ["shardmill", *words])
    with pytest.raises(SystemExit) as raised:
        main()
    (line,) = events(capsys.readouterr().err)
    assert (raised.value.code, line["exit_code"], line["event"]) == (2, 2, "command_failed")


def test_a_job_error_is_an_event(tmp_path: Path) -> None:
    shown = call("run", tmp_path / "no.yaml", "--log-format", "json", code=2)
    (line,) = events(shown.stderr)
    assert (line["event"], line["exit_code"], line["run"]) == ("command_failed", 2, "")
    assert "no.yaml" in line["message"]


def test_a_fault_of_shardmill_is_one_line_without_the_message(
    job_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("text of a sample")

    monkeypatch.setattr(pipelines.cli.job_commands, "load_job", broken)
    shown = call("run", job_file, "--log-format", "json", code=1)
    (line,) = events(shown.stderr)
    assert line["event"] == "crashed"
    assert re.fullmatch(r"RuntimeError at test_log_format\.py:\d+, .*", line["message"])


def test_quiet_shows_only_what_failed(job_file: Path) -> None:
    shown = call("run", job_file, "--quiet", code=3)
    assert shown.stdout == ""
    (line,) = shown.stderr.splitlines()
    assert line.startswith("2: failed: shard_")
    again = call("retry", job_file.parent / "output", "-q", "--log-format", "json", code=3)
    assert again.stdout == ""
    assert [line["event"] for line in events(again.stderr)] == ["unit_failed", "run_ended"]


def test_quiet_prints_nothing_about_a_good_run(job_file: Path) -> None:
    (job_file.parent / "shards/2.tar").unlink()
    for options in ([], ["--log-format", "json"]):
        shown = call("run", job_file, "--quiet", *options)
        assert (shown.stdout, shown.stderr) == ("", "")
    assert json.loads(call("run", job_file, "--quiet", "--json").stdout)["outcome"] == "complete"
    assert call("finish", job_file.parent / "output", "--quiet").output == ""


def test_text_gets_few_lines_of_progress(job_file: Path) -> None:
    (job_file.parent / "shards/2.tar").unlink()
    first, last = call("run", job_file).stderr.splitlines()
    assert first.startswith("1 of 3 shards: ")
    assert last.startswith("3 of 3 shards: 9 samples, 9 kept; ")
    assert " samples/s, " in last
    assert "hours left" not in last


def test_the_schema_of_the_log_is_shown() -> None:
    assert json.loads(call("schema", "--log").stdout) == log_schema()


def test_no_setting_of_the_log_stays_behind(job_file: Path) -> None:
    call("run", job_file, "--log-format", "json", "--limit-shards", 1)
    assert not [name for name in os.environ if name.startswith("SHARDMILL_LOG")]
