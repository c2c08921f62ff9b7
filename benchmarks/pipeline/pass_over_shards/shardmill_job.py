"""Runs a whole job on one of the runners, like `shardmill run`, with a model that answers at once.

python -m benchmarks.pipeline.pass_over_shards.shardmill_job SHARDS OUTPUT RUNNER

SHARDS is a folder of tars; RUNNER is the `runner` section of a job file, in JSON. Where a Beam
runner's options contain `{job_endpoint}`, Beam's own job server is started for it.
"""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

from benchmarks.pipeline.pass_over_shards.instant_engine import InstantEngine
from benchmarks.pipeline.pass_over_shards.shardmill_pass import job
from pipelines.operations.run import run as run_job

_ROOT = Path(__file__).parents[3]
_INSTANT = _ROOT / "benchmarks/pipeline/instant"  # replaces the engine in other processes
_CHECKPOINT = str(_ROOT / "demo/checkpoint")
_BLOCK = 32  # images; a fraction of a shard, as in a real corpus
_PLACEHOLDER = "{job_endpoint}"


def run(shards: str, output: str, runner: dict[str, Any]) -> None:
    """Annotate the shards, or those that the output still lacks."""
    paths = [str(_INSTANT), str(_ROOT), os.environ.get("PYTHONPATH", "")]
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
    with (
        patch("pipelines.annotation.loaded_job.load_engine", lambda *_: InstantEngine()),
        _with_job_server(runner) as runner_section,
    ):
        model = {"checkpoint": _CHECKPOINT, "device": "cpu", "block_size": _BLOCK}
        work = job(f"{shards}/*.tar", output, "exact", model=model, runner=runner_section)
        summary = run_job(work)
    assert summary.outcome == "complete", summary


@contextmanager
def _with_job_server(runner: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the runner; start a job server and fill in its address where the options ask for it."""
    options = runner.get("options", [])
    if not any(_PLACEHOLDER in option for option in options):
        yield runner
        return
    with socket.create_server(("localhost", 0)) as free:
        port = free.getsockname()[1]
    module = "apache_beam.runners.portability.local_job_service_main"
    command = [sys.executable, "-m", module, "--port", str(port)]
    server = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        filled = [option.replace(_PLACEHOLDER, f"localhost:{port}") for option in options]
        yield {**runner, "options": filled}
    finally:
        server.terminate()
        server.wait()


if __name__ == "__main__":
    shards, output, runner = sys.argv[1:]
    run(shards, output, json.loads(runner))
