"""Every runner writes the same bytes as the local runner."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import support.hostile_shards as hostile
from support.sample_data import job, pairs, write_shard

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


class Scenario(NamedTuple):
    shards: str  # a pattern below the corpus
    limits: tuple[int | None, ...] = (None,)  # units of one run after another
    filters: tuple[Mapping[str, Any], ...] = ()


FILTERS = (
    {"kind": "image_size", "min_side": 8, "max_aspect": 3.0},
    {"kind": "text_quality", "min_words": 2},
    {"kind": "text_safety_rules"},
)
SCENARIOS: Mapping[str, Scenario] = {
    "one unit": Scenario("clean/0.tar"),
    "everything, filtered, with failed units": Scenario("**/*.tar", filters=FILTERS),
    "resumed": Scenario("clean/*.tar", limits=(2, None)),
    "a folder of images, resumed": Scenario("photos/", limits=(1, None)),
}


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write clean shards of one to three parts, a hostile shard, two unreadable ones, a folder."""
    folder = tmp_path_factory.mktemp("corpus")
    for number in range(4):
        write_shard(folder / f"clean/{number}.tar", pairs(3 + 3 * number, number))
    whole = write_shard(folder / "bad/cut.tar", pairs(9, 9)).read_bytes()
    (folder / "bad/cut.tar").write_bytes(whole[: len(whole) // 2])
    (folder / "bad/empty.tar").write_bytes(b"")
    (folder / "bad/hostile.tar").write_bytes(hostile.tar()[0])
    (folder / "photos").mkdir()
    for name, content in pairs(12, 5):
        (folder / "photos" / name).write_bytes(content)
    return folder


def scenario_job(
    scenario: Scenario, corpus: Path, checkpoint: Path, folder: Path, runner: Mapping[str, Any]
) -> Job:
    shards = {"shards": f"{corpus}/{scenario.shards}", "max_samples_per_file": 5}
    limits = {"carry": ["json:url"], "limits": hostile.LIMITS}
    filters = list(scenario.filters)
    keys = {"input": {**shards, **limits}, "filters": filters, "max_error_rate": 1.0}
    return job(folder, checkpoint, runner=dict(runner), **keys)


def output(folder: Path) -> dict[str, Any]:
    """Read all files of an output except run summaries; leave out durations and the runner."""
    contents: dict[str, Any] = {}
    for path in folder.rglob("*"):
        name = str(path.relative_to(folder))
        if path.is_dir() or name.startswith("_shardmill/runs/"):
            continue
        contents[name] = path.read_bytes()
        if name == "_shardmill/job.json":
            record = json.loads(contents[name])
            contents[name] = {k: v for k, v in record.items() if k not in ("runner", "output")}
        elif name.startswith("_shardmill/failed/"):
            contents[name] = without_times(UnitReport.model_validate_json(contents[name]))
    return contents


def without_times(report: UnitReport) -> dict[str, Any]:
    return report.model_dump(exclude={"seconds", "stages"})


def outcome(summary: Summary) -> dict[str, Any]:
    return summary.model_dump(include={"outcome", "units_total", "failed", "counts"})


@pytest.fixture(scope="module")
def expected(
    corpus: Path, checkpoint: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, tuple[dict[str, Any], dict[str, Any]]]:
    """Run each scenario once with the local runner; return its files and outcome by name."""
    results = {}
    for name, scenario in SCENARIOS.items():
        folder = tmp_path_factory.mktemp("expected")
        summary = run(scenario_job(scenario, corpus, checkpoint, folder, LOCAL))
        results[name] = (output(folder / "output"), outcome(summary))
    return results


@pytest.fixture(params=CANDIDATES)
def runner(request: pytest.FixtureRequest) -> Mapping[str, Any]:
    settings, fixture = CANDIDATES[request.param]
    if fixture is not None:
        request.getfixturevalue(fixture)
    return settings


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_output_equals_the_local_runners(  # noqa: PLR0917 - fixtures
    name: str,
    runner: Mapping[str, Any],
    expected: dict[str, tuple[dict[str, Any], dict[str, Any]]],
    corpus: Path,
    checkpoint: Path,
    tmp_path: Path,
) -> None:
    scenario = SCENARIOS[name]
    work = scenario_job(scenario, corpus, checkpoint, tmp_path, runner)
    reports: list[UnitReport] = []
    for limit in scenario.limits:
        summary = run(work, limit_units=limit, on_report=reports.append)
    files, expected_outcome = expected[name]
    assert output(tmp_path / "output") == files
    assert outcome(summary) == expected_outcome
    assert sorted(report.unit for report in reports) == sorted(
        unit.name for unit in plan(work.model_copy(update={"output": f"{tmp_path}/other"})).units
    )
    assert sum(report.counts.read for report in reports) == summary.counts.read  # type: ignore[union-attr]


def test_the_scenarios_cover_drops_failures_and_parts(
    expected: dict[str, tuple[dict[str, Any], dict[str, Any]]],
) -> None:
    files, summary = expected["everything, filtered, with failed units"]
    assert summary["outcome"] == "failed"
    assert set(summary["failed"]) == {"bad/cut", "bad/empty"}
    assert summary["counts"]["dropped"] > 0
    assert summary["counts"]["invalid"] > 0
    assert "clean/3.00002-end.parquet" in files
    assert expected["resumed"][1]["outcome"] == "complete"


def test_no_units_are_no_work(
    runner: Mapping[str, Any], corpus: Path, checkpoint: Path, tmp_path: Path
) -> None:
    work = scenario_job(SCENARIOS["one unit"], corpus, checkpoint, tmp_path, runner)
    reports = RUNNERS[work.runner.kind](plan(work), (), LocalStorage(), lambda _: None)
    assert list(reports) == []
    assert not (tmp_path / "output").exists()
