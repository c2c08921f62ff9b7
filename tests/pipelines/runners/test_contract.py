"""Every runner writes the same bytes as the local runner."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import support.hostile_shards as hostile
from support.sample_data import TASKS, job, pairs, write_shard

from pipelines.operations.run import run
from pipelines.planning.plan import plan
from pipelines.runners.runner import RUNNERS
from pipelines.storage.local import LocalStorage
from schemas.report import Summary, UnitReport
from shardmill import Job

LOCAL: Mapping[str, Any] = {"kind": "local"}
# The job's `runner` and the fixture that it needs. A new runner needs one line here.
CANDIDATES: Mapping[str, tuple[Mapping[str, Any], str | None]] = {
    "local, 2 workers": ({"kind": "local", "workers": 2}, None),
    "ray": ({"kind": "ray", "workers": {"min": 1, "max": 2}}, "ray_session"),
}
SLOW = ("ray",)  # these start a cluster
FILTERS = (
    {"kind": "image_size", "min_side": 8, "max_aspect": 3.0},
    {"kind": "image_quality", "min_contrast": 0.0},  # decodes images in a job without a model, too
    {"kind": "text_quality", "min_words": 2},
    {"kind": "text_safety_rules"},
)

# With a model, each worker process imports torch, which takes seconds.
MODELS = ("no model", pytest.param("a model", marks=pytest.mark.faults))

Expected = tuple[dict[str, Any], dict[str, Any]]  # files and outcome


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write clean shards of one to three parts, a hostile shard, two unreadable ones, a folder.

    Each worker process takes seconds to start, so that one job reads everything. A clean shard is
    its first unit.
    """
    folder = tmp_path_factory.mktemp("corpus")
    for number in range(4):
        write_shard(folder / f"clean/{number}.tar", pairs(3 + 3 * number, number))
    whole = write_shard(folder / "damaged/cut.tar", pairs(9, 9)).read_bytes()
    (folder / "damaged/cut.tar").write_bytes(whole[: len(whole) // 2])
    (folder / "damaged/empty.tar").write_bytes(b"")
    (folder / "damaged/hostile.tar").write_bytes(hostile.tar()[0])
    (folder / "photos").mkdir()
    for name, content in pairs(12, 5):
        (folder / "photos" / name).write_bytes(content)
    return folder


@pytest.fixture(scope="module", params=MODELS)
def asked(request: pytest.FixtureRequest, checkpoint: Path) -> Mapping[str, Any]:
    """The keys of a job that ask a model, or that only filter."""
    if request.param == "no model":
        return {"model": None, "tasks": {}}
    return {"checkpoint": checkpoint, "tasks": TASKS}


def corpus_job(
    corpus: Path, asked: Mapping[str, Any], folder: Path, runner: Mapping[str, Any]
) -> Job:
    reads = {
        "shards": [f"{corpus}/**/*.tar", f"{corpus}/photos/"],
        "max_samples_per_file": 5,
        "carry": ["json:url"],
        "limits": hostile.LIMITS,
    }
    keys = {"input": reads, "filters": list(FILTERS), "max_error_rate": 1.0}
    return job(folder, runner=dict(runner), **asked, **keys)


def output(folder: Path) -> dict[str, Any]:
    """Read all files of an output except run summaries; leave out durations and the runner."""
    contents: dict[str, Any] = {}
    for path in folder.rglob("*"):
        name = str(path.relative_to(folder))
        if path.is_dir() or name.startswith(("_shardmill/runs/", "_shardmill/counts/")):
            continue
        contents[name] = path.read_bytes()
        if name == "_shardmill/job.record":
            record = json.loads(contents[name])
            contents[name] = {k: v for k, v in record.items() if k not in ("runner", "output")}
        elif name.startswith("_shardmill/failed/"):
            contents[name] = without_times(UnitReport.model_validate_json(contents[name]))
    return contents


def without_times(report: UnitReport) -> dict[str, Any]:
    return report.model_dump(exclude={"seconds", "stages", "costs", "cpu_seconds", "versions"})


def outcome(summary: Summary) -> dict[str, Any]:
    return summary.model_dump(include={"outcome", "units_total", "failed", "counts"})


@pytest.fixture(scope="module")
def expected(
    corpus: Path, asked: Mapping[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> Expected:
    """Run the job with the local runner, all units in one run."""
    folder = tmp_path_factory.mktemp("expected")
    summary = run(corpus_job(corpus, asked, folder, LOCAL))
    return output(folder / "output"), outcome(summary)


@pytest.fixture(
    params=[pytest.param(name, marks=[pytest.mark.faults] * (name in SLOW)) for name in CANDIDATES]
)
def runner(request: pytest.FixtureRequest) -> Mapping[str, Any]:
    settings, fixture = CANDIDATES[request.param]
    if fixture is not None:
        request.getfixturevalue(fixture)
    return settings


def test_the_output_equals_the_local_runners(
    runner: Mapping[str, Any],
    expected: Expected,
    corpus: Path,
    asked: Mapping[str, Any],
    tmp_path: Path,
) -> None:
    """One unit for two workers; all others in a second run, in parts, filtered, some failed."""
    work = corpus_job(corpus, asked, tmp_path, runner)
    reports: list[UnitReport] = []
    first = run(work, limit_units=1, on_report=reports.append)
    assert (first.outcome, [report.unit for report in reports]) == ("partial", ["clean/0"])
    files, expected_outcome = expected
    (written,) = (tmp_path / "output/clean").iterdir()
    assert written.read_bytes() == files[f"clean/{written.name}"]
    summary = run(work, on_report=reports.append)
    assert output(tmp_path / "output") == files
    assert outcome(summary) == expected_outcome
    assert sorted(report.unit for report in reports) == sorted(
        unit.name for unit in plan(work.model_copy(update={"output": f"{tmp_path}/other"})).units
    )
    assert sum(report.counts.read for report in reports) == summary.counts.read  # type: ignore[union-attr]


def test_the_job_covers_drops_failures_parts_and_slices(expected: Expected) -> None:
    files, summary = expected
    assert summary["outcome"] == "failed"
    assert set(summary["failed"]) == {"damaged/cut", "damaged/empty"}
    assert summary["counts"]["dropped"] > 0
    assert summary["counts"]["invalid"] > 0
    assert "clean/3.00002-end.parquet" in files
    assert len([name for name in files if name.startswith("photos")]) == 3


def test_no_units_are_no_work(
    runner: Mapping[str, Any], corpus: Path, asked: Mapping[str, Any], tmp_path: Path
) -> None:
    work = corpus_job(corpus, asked, tmp_path, runner)
    reports = RUNNERS[work.runner.kind]()(plan(work), (), LocalStorage(), lambda _: None)
    assert list(reports) == []
    assert not (tmp_path / "output").exists()
