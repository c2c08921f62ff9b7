"""A whole job on one of the runners, as `shardmill run` does it, with an engine that is none.

python -m benchmarks.pipeline.pass_over_shards.shardmill_job SHARDS OUTPUT RUNNER

SHARDS is a folder of tars, RUNNER what the job file says of the runner, in JSON. Where a Beam
runner's options name `{job_endpoint}`, Beam's own job server is started for it.
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
_INSTANT = (
    _ROOT / "benchmarks" / "pipeline" / "instant"
)  # makes the engine of other processes the same
_CHECKPOINT = str(_ROOT / "demo/checkpoint")
_BLOCK = 32  # images: a part of a shard, as blocks of corpora are
_PLACE = "{job_endpoint}"


def run(shards: str, output: str, runner: dict[str, Any]) -> None:
    """Annotate the shards, or what is missing of them."""
    paths = [str(_INSTANT), str(_ROOT), os.environ.get("PYTHONPATH", "")]
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
    with (
        patch("pipelines.annotation.loaded_job.load_engine", lambda *_: InstantEngine()),
        _served(runner) as served,
    ):
        model = {"checkpoint": _CHECKPOINT, "device": "cpu", "block_size": _BLOCK}
        work = job(f"{shards}/*.tar", output, "exact", model=model, runner=served)
        summary = run_job(work)
    assert summary.outcome == "complete", summary


@contextmanager
def _served(runner: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The runner, with the address of a job server where it wants one."""
    options = runner.get("options", [])
    if not any(_PLACE in option for option in options):
        yield runner
        return
    with socket.create_server(("localhost", 0)) as free:
        port = free.getsockname()[1]
    module = "apache_beam.runners.portability.local_job_service_main"
    words = [sys.executable, "-m", module, "--port", str(port)]
    server = subprocess.Popen(words, stderr=subprocess.DEVNULL)
    try:
        filled = [option.replace(_PLACE, f"localhost:{port}") for option in options]
        yield {**runner, "options": filled}
    finally:
        server.terminate()
        server.wait()


if __name__ == "__main__":
    shards, output, runner = sys.argv[1:]
    run(shards, output, json.loads(runner))
