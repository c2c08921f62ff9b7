"""Shardmill turns image-text shards into captions, answers, OCR text and detections, as Parquet.

from shardmill import Job, run
summary = run(Job.load("job.yaml"))
"""

import os
import sys
from importlib import import_module
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipelines.config.job import Job
    from pipelines.operations.finish import finish
    from pipelines.operations.run import run
    from pipelines.planning.plan import Plan, plan
    from schemas.errors import JobError, ShardFault, ShardmillError, TooManyErrors, WorkerFault
    from schemas.report import Summary

__all__ = [
    "Job",
    "JobError",
    "Plan",
    "ShardFault",
    "ShardmillError",
    "Summary",
    "TooManyErrors",
    "WorkerFault",
    "finish",
    "plan",
    "run",
]

_MODULES = {
    "Job": "pipelines.config.job",
    "JobError": "schemas.errors",
    "Plan": "pipelines.planning.plan",
    "ShardFault": "schemas.errors",
    "ShardmillError": "schemas.errors",
    "Summary": "schemas.report",
    "TooManyErrors": "schemas.errors",
    "WorkerFault": "schemas.errors",
    "finish": "pipelines.operations.finish",
    "plan": "pipelines.planning.plan",
    "run": "pipelines.operations.run",
}
_PACKAGES = ("schemas", "filters", "inference", "pipelines")

if "torch" not in sys.modules:  # otherwise pipelines.concurrency.openmp warns
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used, after a check of the installed packages."""
    if name == "__version__":
        return version("shardmill")
    if name not in _MODULES:
        raise AttributeError(f"module 'shardmill' has no attribute {name!r}")
    _check_packages()
    return getattr(import_module(_MODULES[name]), name)


def _check_packages() -> None:
    """Raise ImportError where a package of another distribution has the name of one of ours."""
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
    """Run the command line."""
    try:
        _check_packages()
    except ImportError as error:
        sys.exit(f"shardmill: {error}")
    from pipelines.concurrency.interruption import end_on_interruption

    end_on_interruption()
    from pipelines.concurrency.standard_streams import secure_standard_streams

    secure_standard_streams()
    from pipelines.cli import main as cli

    cli.main()


if __name__ == "__main__":
    main()
