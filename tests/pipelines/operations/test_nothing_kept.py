"""Jobs that keep nothing, or nearly nothing, do not end green."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from support.command_line import call
from support.sample_data import pairs, write_shard

from pipelines.config.job import Job
from pipelines.operations import run as run_module
from pipelines.operations.finish import finish
from pipelines.operations.run import run

JOB = """\
name: test
input: {shards: "shards/*.tar", text: txt}
filters: [{kind: text_quality, min_words: 2}]
output: output
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("job.yaml").write_text(JOB)
    for unit in range(2):
        write_shard(tmp_path / f"shards/{unit}.tar", pairs(3, unit))
    return tmp_path


def test_a_job_that_keeps_nothing_ends_with_3_and_says_what_to_look_at(folder: Path) -> None:
    wrong = ("--set", "input.text=caption")
    for _ in range(2):  # also when there is nothing left to do
        result = call("run", "job.yaml", *wrong, "--json", code=3)
        assert json.loads(result.stdout)["outcome"] == "nothing_kept"
        last = result.stderr.splitlines()[-1]
        assert last.startswith("shardmill: no sample was kept: 6 of 6 are invalid/text_missing: ")
        assert "shardmill plan JOB" in last
        assert not (folder / "output/_SUCCESS").exists()
    assert "no sample is kept" in call("status", "output").stdout
    for command in ("finish", "retry"):
        assert "no sample was kept" in call(command, "output", code=3).stderr
    assert not (folder / "output/_SUCCESS").exists()


def test_the_filter_that_drops_everything_is_named() -> None:
    shown = call("run", "job.yaml", "--set", "filters.0.min_words=50", code=3).stderr
    assert "6 of 6 are text_quality/" in shown
    assert "the filter text_quality is too strict" in shown


def test_the_whole_output_counts_and_not_one_run(folder: Path) -> None:
    members = [(name, b"one" if name.endswith("txt") else content) for name, content in pairs(3)]
    write_shard(folder / "shards/0.tar", members)
    call("run", "job.yaml", "--limit-units", 1, code=3)  # of what there is, nothing is kept
    call("run", "job.yaml")
    assert (folder / "output/_SUCCESS").exists()
    (folder / "output/0.parquet").unlink()
    call("run", "job.yaml")  # this run alone keeps nothing
    assert (folder / "output/_SUCCESS").exists()


def test_a_shard_without_samples_is_nothing_kept(folder: Path) -> None:
    for unit in range(2):
        write_shard(folder / f"shards/{unit}.tar", [])
    assert "the shards hold no sample" in call("run", "job.yaml", code=3).stderr


def warnings_of(settings: Sequence[str]) -> list[str]:
    warnings: list[str] = []
    run(Job.load("job.yaml", settings), on_warning=warnings.append)
    return warnings


def test_a_run_warns_once_when_one_reason_takes_nearly_all(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def text(number: int) -> bytes:
        return b"one two" if number == 0 else b"one"

    for unit in range(2):
        shard = [
            (name, text(n // 2) if name.endswith("txt") else content)
            for n, (name, content) in enumerate(pairs(20, unit))
        ]
        write_shard(folder / f"shards/{unit}.tar", shard)
    (warning,) = warnings_of(())
    assert warning.startswith("38 of 40 samples of this run are text_quality/")
    monkeypatch.setattr(run_module, "_MIN_SAMPLES", 20)
    (warning,) = warnings_of(("output=again",))
    assert warning.startswith("19 of 20 samples of this run are text_quality/")


def test_a_run_with_fewer_losses_does_not_warn() -> None:
    assert warnings_of(()) == []


def test_a_carried_column_that_is_null_in_every_row_is_told() -> None:
    settings = ("input.carry=[json:nope]",)
    (warning,) = warnings_of(settings)
    assert warning.startswith("nope: is null in every kept row")
    assert finish("output").counts.null_columns() == ["nope"]  # type: ignore[union-attr]
    shown = call("status", "output").output
    assert "nope (carried): null in every kept row" in shown


def test_plan_and_preview_tell_what_is_missing() -> None:
    wrong = ("--set", "input.text=caption")
    first = json.loads(call("plan", "job.yaml", *wrong, "--json").stdout)["first_shard"]
    assert first["holds"] == {"jpg": 3, "txt": 3}
    assert len(first["missing"]) == 1
    for command in (("plan", "job.yaml"), ("preview", "job.yaml", "-n", 1)):
        shown = " ".join(call(*command, *wrong).output.split())
        assert "input.text: caption is in none of the first 3 samples" in shown
        assert "did you mean text: txt?" in shown


def test_plan_of_a_damaged_shard_ends_well(folder: Path) -> None:
    (folder / "shards/0.tar").write_bytes(b"garbage" * 500)
    shown = " ".join(call("plan", "job.yaml").output.split())
    assert "cannot be read to its end: shard_unreadable" in shown
