"""Runs the DAGs of examples/ with programs in the place of Shardmill; prints the results as JSON.

It runs in the environment of Airflow: `python airflow_scenarios.py DAGS FOLDER`.
"""

import json
import os
import runpy
import subprocess
import sys
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

from airflow.dag_processing.dagbag import DagBag

# Notes its arguments, and ends with the codes that the scenario names for its command, in turn.
PROGRAM = """#!/bin/sh
echo "$@" >> {folder}/calls
echo '{{"job": {{"output": "somewhere"}}}}'
codes="$(cat {folder}/$1 2>/dev/null)"
echo "${{codes#* }}" > {folder}/$1
[ -z "$codes" ] || exit "${{codes%% *}}"
"""

# Says that it is ready, and notes the signal that it gets; it ends by itself after a minute.
STOPPED = """#!/bin/sh
trap 'echo TERM > {folder}/signal; exit 143' TERM
echo > {folder}/ready
for turn in $(seq 1200); do sleep 0.05; done
"""


def write_program(folder: Path, text: str) -> None:
    """Write a program, and let the DAGs call it."""
    folder.mkdir()
    (folder / "program").write_text(text.format(folder=folder), encoding="utf-8")
    (folder / "program").chmod(0o755)
    os.environ["SHARDMILL"] = str(folder / "program")


def run_dag(dag: Any, folder: Path, codes: dict[str, Sequence[int]]) -> dict[str, Any]:
    """Run the DAG with a program that ends with these exit codes, and then with 0."""
    write_program(folder, PROGRAM)
    for command, each in codes.items():
        (folder / command).write_text(" ".join(map(str, each)) + " 0 0 0 0", encoding="utf-8")
    run = dag.test(run_conf={"job": "recap.yaml"})
    tries = {task.task_id: (task.state, task.try_number) for task in run.get_task_instances()}
    calls = (folder / "calls").read_text(encoding="utf-8").splitlines()
    return {"state": run.state, "tasks": tries, "calls": calls}


def stop_a_command(dags: str, folder: Path) -> dict[str, str]:
    """Have an exception end the wait for a command, as a time limit of Airflow does."""

    def stop(*_: object) -> None:
        (folder / "ready").read_text(encoding="utf-8")  # until the program is ready
        raise TimeoutError

    write_program(folder, STOPPED)
    os.mkfifo(folder / "ready")
    shardmill = runpy.run_path(f"{dags}/shardmill_dag.py")["shardmill"]
    try:
        with patch.object(subprocess.Popen, "communicate", stop):
            shardmill("run", "job.yaml")
    except TimeoutError:
        return {"signal": (folder / "signal").read_text(encoding="utf-8").strip()}
    return {}


def wait_for_an_output(dag: Any, folder: Path) -> dict[str, Any]:
    """Ask the sensor about an output without `_SUCCESS`, then run its DAG with it."""
    folder.mkdir()
    for name in ("0.parquet", "1.parquet"):
        (folder / name).touch()
    before = dag.get_task("is_whole").python_callable(params={"output": str(folder)})
    (folder / "_SUCCESS").touch()
    run = dag.test(run_conf={"output": str(folder)})
    tasks = {task.task_id: task.state for task in run.get_task_instances()}
    return {"before": before, "state": run.state, "tasks": tasks}


def main() -> None:
    """Run all scenarios in one process, because Airflow takes seconds to start."""
    dags, folder = sys.argv[1], Path(sys.argv[2])
    bag = DagBag(dags)
    annotate = bag.dags["annotate_with_shardmill"]
    for task in annotate.tasks:
        task.retry_delay, task.retry_exponential_backoff = timedelta(0), 0
    results = {
        "import_errors": bag.import_errors,
        "wrong_job": run_dag(annotate, folder / "wrong_job", {"fetch": [2]}),
        "bad_shards": run_dag(annotate, folder / "bad_shards", {"run": [3]}),
        "preempted": run_dag(
            annotate, folder / "preempted", {"plan": [1], "run": [143, 137], "export": [143]}
        ),
        "stopped": stop_a_command(dags, folder / "stopped"),
        "sensor": wait_for_an_output(bag.dags["after_shardmill"], folder / "output"),
    }
    (folder / "results.json").write_text(json.dumps(results), encoding="utf-8")


if __name__ == "__main__":
    main()
