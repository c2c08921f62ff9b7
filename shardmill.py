"""Shardmill: image-text shards in, captions, answers, OCR text and detections out, as Parquet.

from shardmill import Job, run
summary = run(Job.load("job.yaml"))
"""

import os
import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipelines.config.job import Job
    from pipelines.operations.run import finish, run
    from pipelines.planning.plan import Plan, plan
    from schemas.errors import JobError, WorkerFault
    from schemas.report import Summary

__all__ = ["Job", "JobError", "Plan", "Summary", "WorkerFault", "finish", "plan", "run"]

_HOMES = {
    "Job": "pipelines.config.job",
    "JobError": "schemas.errors",
    "Plan": "pipelines.planning.plan",
    "Summary": "schemas.report",
    "WorkerFault": "schemas.errors",
    "finish": "pipelines.operations.run",
    "plan": "pipelines.planning.plan",
    "run": "pipelines.operations.run",
}
_PACKAGES = ("schemas", "filters", "inference", "pipelines")


def __getattr__(name: str) -> Any:
    """The public names, imported at first use, after a look at whose packages these are."""
    if name not in _HOMES:
        raise AttributeError(f"module 'shardmill' has no attribute {name!r}")
    _check_packages()
    return getattr(import_module(_HOMES[name]), name)


def _check_packages() -> None:
    """Other distributions use these names too; a foreign one must not be imported silently."""
    here = Path(__file__).resolve().parent
    for name in _PACKAGES:
        spec = find_spec(name)
        if spec is None or spec.origin is None or Path(spec.origin).resolve().parents[1] != here:
            place = spec.origin if spec and spec.origin else "nowhere"
            raise ImportError(
                f"the package {name!r} comes from {place}, not from Shardmill: "
                "install shardmill in an environment of its own"
            )


def main() -> None:
    """The command line."""
    try:
        _check_packages()
    except ImportError as error:
        sys.exit(f"shardmill: {error}")
    # Decoding shares the cores with torch, whose OpenMP threads otherwise spin while they wait:
    # on two busy cores a run took 140 s that takes 22 s with this. It must precede torch's import.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    from pipelines.cli import main as cli

    cli.main()


if __name__ == "__main__":
    main()
