"""The DAGs of examples/airflow run in Airflow, and retry what another try can mend."""

import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from support.orchestrator_tools import ROOT, call
from support.sample_data import pairs, write_shard

from pipelines.operations.verify import verify

DAGS = ROOT / "examples/airflow"
FINAL_TRY = ["failed", 1]


@pytest.fixture(scope="module")
def variables(tools: Path, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """The variables of an Airflow with an empty database, and of a program `shardmill`."""
    home = tmp_path_factory.mktemp("airflow")
    program = home / "shardmill"
    program.write_text(f'#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} -m shardmill "$@"\n')
    program.chmod(0o755)
    variables = {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(DAGS),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "SHARDMILL": str(program),
    }
    migrated = call("airflow", "db", "migrate", folder=home, variables=variables)
    assert migrated.returncode == 0, migrated.stdout
    return variables


def test_the_dag_annotates_a_corpus(variables: Mapping[str, str], tmp_path: Path) -> None:
    for shard in range(4):
        write_shard(tmp_path / f"shards/{shard}.tar", pairs(5, shard))
    output = tmp_path / "annotated"
    (tmp_path / "job.yaml").write_text(
        f"name: nightly\ninput: {{shards: '{tmp_path}/shards/*.tar'}}\n"
        f"filters: [{{kind: image_size, min_side: 1}}]\noutput: {output}\n"
    )
    conf = json.dumps({"job": str(tmp_path / "job.yaml")})
    done = call(
        *("airflow", "dags", "test", "annotate_with_shardmill", "--conf", conf),
        folder=tmp_path,
        variables=variables,
    )
    assert done.returncode == 0, done.stdout
    assert (output / "_SUCCESS").exists()
    ends = [
        line.split("task_id=")[1].split()[0]
        for line in done.stdout.splitlines()
        if "end task" in line
    ]
    assert ends == ["plan", "fetch", "canary", "run", "verify", "export"]
    assert verify(str(output)).counts.read == 20
    (folder,) = tmp_path.glob("annotated-*")
    assert (folder / "_SUCCESS").exists()
    (file,) = folder.glob("*.jsonl")
    assert len(file.read_text().splitlines()) == 20


@pytest.fixture(scope="module")
def results(
    variables: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    """The results of all scenarios of `support/airflow_scenarios.py`."""
    folder = tmp_path_factory.mktemp("scenarios")
    script = ROOT / "tests/support/airflow_scenarios.py"
    done = call("python", script, DAGS, folder, folder=folder, variables=variables)
    assert done.returncode == 0, done.stdout
    results: dict[str, Any] = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    assert results["import_errors"] == {}
    return results


def test_a_wrong_job_is_not_retried(results: dict[str, Any]) -> None:
    assert results["wrong_job"]["tasks"] == {
        "plan": ["success", 1],
        "fetch": FINAL_TRY,
        "canary": ["upstream_failed", 0],
        "run": ["upstream_failed", 0],
        "verify": ["upstream_failed", 0],
        "export": ["upstream_failed", 0],
    }
    assert results["wrong_job"]["state"] == "failed"
    assert results["wrong_job"]["calls"] == ["plan recap.yaml --json", "fetch recap.yaml"]


def test_bad_shards_are_not_retried(results: dict[str, Any]) -> None:
    tasks = results["bad_shards"]["tasks"]
    assert (tasks["canary"], tasks["verify"]) == (FINAL_TRY, ["upstream_failed", 0])


def test_other_ends_are_retried(results: dict[str, Any]) -> None:
    assert results["preempted"]["state"] == "success"
    tries = {task: tries for task, (_, tries) in results["preempted"]["tasks"].items()}
    assert tries == {"plan": 2, "fetch": 1, "canary": 3, "run": 1, "verify": 1, "export": 2}
    *calls, export, again = results["preempted"]["calls"]
    assert re.fullmatch(r"export somewhere --to jsonl somewhere-[\w+.-]+", export)
    assert again == export  # into the same folder, where it goes on
    assert calls == [
        *["plan recap.yaml --json"] * 2,
        "fetch recap.yaml",
        *["run recap.yaml --canary 3"] * 3,
        "run recap.yaml",
        "verify somewhere",
    ]


def test_a_task_that_ends_stops_its_command(results: dict[str, Any]) -> None:
    assert results["stopped"] == {"signal": "TERM"}


def test_the_sensor_waits_for_the_whole_output(results: dict[str, Any]) -> None:
    assert results["sensor"] == {
        "before": False,
        "state": "success",
        "tasks": {"is_whole": "success", "use": "success"},
    }
