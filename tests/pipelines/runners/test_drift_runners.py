"""Every runner measures the same answers."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from support.sample_data import job, pairs, write_shard

from pipelines.operations.run import run
from schemas.answer_statistics import AnswerStatistics
from schemas.report import UnitReport

RUNNERS: Mapping[str, Mapping[str, Any]] = {
    "local, 2 workers": {"kind": "local", "workers": 2},
    "ray": {"kind": "ray", "workers": 1},
    "beam": {"kind": "beam"},
}


def measured(
    folder: Path, checkpoint: Path, runner: Mapping[str, Any]
) -> dict[str, Mapping[str, AnswerStatistics]]:
    output = f"{folder}/{runner['kind']}-{runner.get('workers', 0)}"
    reports: list[UnitReport] = []
    made = job(folder, checkpoint, drift={}, runner=dict(runner), output=output)
    assert run(made, on_report=reports.append).outcome == "complete"
    return {each.unit: each.answers for each in reports}


@pytest.mark.faults
@pytest.mark.parametrize("name", RUNNERS)
def test_the_answers_are_those_of_the_local_runner(
    tmp_path: Path, checkpoint: Path, name: str, request: pytest.FixtureRequest
) -> None:
    if name == "ray":
        request.getfixturevalue("ray_session")
    for unit in range(3):
        write_shard(tmp_path / f"shards/{unit}.tar", pairs(3 + unit, unit))
    found = measured(tmp_path, checkpoint, RUNNERS[name])
    assert found == measured(tmp_path, checkpoint, {"kind": "local"})
    assert [each["caption"].answers for _, each in sorted(found.items())] == [3, 4, 5]
