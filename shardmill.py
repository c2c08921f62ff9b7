"""Shardmill: image-text shards in, captions, answers, OCR text and detections out, as Parquet.

from shardmill import Job, run
summary = run(Job.load("job.yaml"))
"""

import os
from importlib.util import find_spec
from pathlib import Path

_PACKAGES = ("schemas", "filters", "inference", "pipelines")


def _check_packages() -> None:
    """Other distributions use these names too; a foreign one must not be imported silently."""
    here = Path(__file__).resolve().parent
    for name in _PACKAGES:
        spec = find_spec(name)
        origin = spec.origin if spec else None
        if origin is None or Path(origin).resolve().parent.parent != here:
            raise ImportError(
                f"the package {name!r} is not Shardmill's but {origin or 'missing'}: "
                "install shardmill in an environment of its own"
            )


_check_packages()

from pipelines.job import Job  # noqa: E402 - after the check
from pipelines.plan import Plan, plan  # noqa: E402
from pipelines.runs import finish, run  # noqa: E402
from schemas.errors import JobError, WorkerFault  # noqa: E402
from schemas.report import Summary  # noqa: E402

__all__ = ["Job", "JobError", "Plan", "Summary", "WorkerFault", "finish", "plan", "run"]


def main() -> None:
    """The command line."""
    # Decoding shares the cores with torch, whose OpenMP threads otherwise spin while they wait:
    # on two busy cores a run took 140 s that takes 22 s with this. It must precede torch's import.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    from pipelines.cli import app

    app()


if __name__ == "__main__":
    main()
