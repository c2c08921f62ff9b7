"""Tests of `shardmill.run`: progress by default, and a summary that can be shown."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from support.sample_data import job, pairs, write_shard

from pipelines.api.run import finish, run
from pipelines.api.summary import Summary
from pipelines.config.job import Job
from pipelines.display import sample_progress
from pipelines.display.sample_progress import show_samples
from pipelines.planning.plan import plan
from schemas.errors import JobError
from schemas.report import Summary as RecordedSummary


@pytest.fixture
def filtering(tmp_path: Path) -> Job:
    write_shard(tmp_path / "shards/a.tar", pairs(6))
    write_shard(tmp_path / "shards/b.tar", pairs(3, 1))
    filters = [{"kind": "image_size", "min_side": 20}, {"kind": "text_quality", "min_words": 9}]
    return job(tmp_path, filters=filters, model=None, tasks={})


def pretend_notebook(monkeypatch: pytest.MonkeyPatch, *, widgets: bool) -> None:
    """Make rich believe that a kernel of Jupyter runs the program."""
    monkeypatch.setattr("rich.console._is_jupyter", lambda: True)
    found = object() if widgets else None
    monkeypatch.setattr(sample_progress, "find_spec", lambda _: found)


def test_nothing_is_shown_where_nobody_looks(
    filtering: Job, capsys: pytest.CaptureFixture[str]
) -> None:
    run(filtering)
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "")


def test_a_terminal_shows_a_bar(
    filtering: Job, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")  # rich takes stderr for a terminal
    run(filtering)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "2 of 2 shards" in captured.err


@pytest.mark.parametrize("quiet", ["progress", "on_report", "on_warning"])
def test_progress_is_turned_off(
    quiet: str,
    filtering: Job,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    got: list[object] = []
    options: dict[str, Any] = {quiet: False if quiet == "progress" else got.append}
    run(filtering, **options)
    assert capsys.readouterr().err == ""
    assert len(got) == (2 if quiet == "on_report" else 0)


def test_a_notebook_without_widgets_shows_lines_of_progress(
    filtering: Job, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend_notebook(monkeypatch, widgets=False)
    run(filtering)
    lines = capsys.readouterr().err.splitlines()
    assert [line.partition(":")[0] for line in lines if " samples" in line] == [
        "1 of 2 shards",
        "2 of 2 shards",
    ]


def test_a_notebook_with_widgets_shows_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    pretend_notebook(monkeypatch, widgets=True)
    console = sample_progress.progress_console()
    assert console is not None
    assert console.is_jupyter


def test_samples_are_counted_in_tenths(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend_notebook(monkeypatch, widgets=False)
    with show_samples(100, True) as count:
        for _ in range(50):
            count(2)
    assert capsys.readouterr().err.splitlines() == [
        f"{done} of 100 samples" for done in range(10, 101, 10)
    ]
    with show_samples(32, True) as count:  # few
        count(32)
    with show_samples(100, False) as count:
        count(100)
    assert capsys.readouterr().err == ""


def test_samples_are_counted_by_a_bar(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    with show_samples(64, True) as count:
        count(64)
    captured = capsys.readouterr()
    assert "64/64" in Console().render_str(captured.err).plain
    assert captured.out == ""


def test_a_summary_is_printed_as_a_table(filtering: Job) -> None:
    summary = run(filtering)
    assert isinstance(summary, Summary)
    lines = str(summary).splitlines()
    assert lines[0].split() == ["outcome", summary.outcome]
    assert any(line.split() == ["committed", "2", "of", "2", "shards"] for line in lines)
    assert any("text_quality/text_too_short" in line for line in lines)
    assert max(map(len, lines)) <= 100
    assert "\x1b" not in str(summary)
    html = summary._repr_html_()
    assert html.startswith("<pre>")
    assert "2 of 2 shards" in html
    for output in (filtering.output, Path(filtering.output)):
        assert str(finish(output)).startswith("outcome")
    assert summary == Summary.model_validate_json(summary.model_dump_json())
    recorded = RecordedSummary.model_validate_json(summary.model_dump_json())
    assert Summary.of(recorded) == summary


def test_a_summary_becomes_a_data_frame(filtering: Job) -> None:
    run(filtering, limit_units=1)
    table = run(filtering).to_pandas().set_index(["group", "name"])
    assert list(table.columns) == ["here", "output"]
    dropped = table.loc[("status", "dropped")]
    assert (dropped["here"], dropped["output"]) == (3, 9)
    assert table.loc[("reasons", "text_quality/text_too_short"), "output"] == 9


def test_without_pandas_the_error_says_what_to_install(
    filtering: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    summary = run(filtering)
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(JobError, match="pip install pandas"):
        summary.to_pandas()


@pytest.mark.parametrize("call", [run, plan])
@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("job.yaml", r"^job: is a path: read the file with shardmill\.Job\.load\('job\.yaml'\)$"),
        (Path("job.yaml"), r"^job: is a path: read the file with .*'job\.yaml'"),
        ({"name": "a"}, r"^job: is of type dict: give a shardmill\.Job$"),
    ],
)
def test_what_is_no_job_is_a_mistake(
    call: Callable[[Any], object], given: object, message: str
) -> None:
    with pytest.raises(JobError, match=message):
        call(given)
