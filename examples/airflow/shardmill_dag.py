"""Annotates a corpus every night with Shardmill: plan, fetch, canary, run, verify, export.

Copy this file into Airflow's folder of DAGs. Each task runs one command of Shardmill, which is best
installed in an environment of its own: the variable SHARDMILL names the program, and the parameter
`job` the job file. No provider is needed beyond Airflow's own.
"""

import json
import os
import subprocess
from datetime import timedelta

import pendulum
from airflow.sdk import Param, dag, task
from airflow.sdk.exceptions import AirflowException, AirflowFailException

FINAL = {  # exit codes after which the same command would end in the same way
    2: "the job file or the command line is wrong",
    3: "shards are not committed, no sample is kept, or a golden set falls short: see the log",
}
SECONDS_TO_STOP = 30  # a run stops within 10 seconds of SIGTERM


def shardmill(*arguments: str) -> str:
    """Run a command of Shardmill, and return what it prints to stdout; stderr goes to the log.

    A mistake of the user fails the task without retries. Other failures are retried: the same
    command goes on where the last one stopped. If the task ends first, the command is stopped.
    """
    command = [os.environ.get("SHARDMILL", "shardmill"), *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        printed, _ = process.communicate()
    finally:
        if process.poll() is None:  # execution_timeout, say
            process.terminate()
            try:
                process.wait(SECONDS_TO_STOP)
            except subprocess.TimeoutExpired:
                process.kill()
    if process.returncode in FINAL:
        raise AirflowFailException(f"{' '.join(command)}: {FINAL[process.returncode]}")
    if process.returncode != 0:
        raise AirflowException(f"{' '.join(command)}: exit code {process.returncode}")
    return printed


@dag(
    schedule="0 1 * * *",
    start_date=pendulum.datetime(2026, 1, 1),
    catchup=False,
    max_active_runs=1,
    params={
        "job": Param("job.yaml", type="string", pattern="^[^-]"),
        "format": Param(
            "jsonl", enum=["webdataset", "huggingface", "coco", "jsonl", "csv", "lance"]
        ),
    },
    default_args={
        "retries": 6,
        "retry_delay": timedelta(minutes=1),
        "retry_exponential_backoff": True,
        "max_retry_delay": timedelta(hours=1),
    },
)
def annotate_with_shardmill() -> None:
    """Declare the tasks, each after the one before it."""

    @task
    def plan(params: dict[str, str]) -> str:
        """Check the job; return its output, for the tasks and DAGs that need it."""
        planned = json.loads(shardmill("plan", params["job"], "--json"))
        return str(planned["job"]["output"])

    @task
    def fetch(params: dict[str, str]) -> None:
        print(shardmill("fetch", params["job"]))

    @task
    def canary(params: dict[str, str]) -> None:
        print(shardmill("run", params["job"], "--canary", "3"))

    @task
    def run(params: dict[str, str]) -> None:
        print(shardmill("run", params["job"]))

    @task
    def verify(output: str) -> None:
        print(shardmill("verify", output))

    @task
    def export(output: str, params: dict[str, str], run_id: str) -> str:
        """Export the rows; return the folder, which is beside the output, and of this run."""
        folder = f"{output}-{run_id.replace(':', '-')}"
        print(shardmill("export", output, "--to", params["format"], folder))
        return folder

    output = plan()
    output >> fetch() >> canary() >> run() >> verify(output) >> export(output)


annotate_with_shardmill()
