"""Shardmill turns image-text shards into captions, answers, OCR text and detections, as Parquet.

from shardmill import Job, annotate, judge, run

summary = run(Job.load("job.yaml"))
rows = annotate(["a.jpg", "b.jpg"], ["caption", "ocr"], "google/paligemma2-3b-mix-448")
verdicts = judge(["write to ann@example.org"], "personal_data")
"""

import os
import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    __version__: str
    from pipelines.api.annotate import Annotator, annotate, judge_images
    from pipelines.api.export import export
    from pipelines.api.judge import judge
    from pipelines.api.run import finish, run
    from pipelines.api.summary import Summary
    from pipelines.config.job import Job
    from pipelines.operations.export import Exported
    from pipelines.planning.plan import Plan, plan
    from schemas.errors import (
        AnswersDrifted,
        GoldenSetFailed,
        JobError,
        ShardFault,
        ShardmillError,
        TooManyErrors,
        WorkerFault,
    )

__all__ = [
    "Annotator",
    "AnswersDrifted",
    "Exported",
    "GoldenSetFailed",
    "Job",
    "JobError",
    "Plan",
    "ShardFault",
    "ShardmillError",
    "Summary",
    "TooManyErrors",
    "WorkerFault",
    "annotate",
    "export",
    "finish",
    "judge",
    "judge_images",
    "plan",
    "run",
]

_MODULES = {
    "Annotator": "pipelines.api.annotate",
    "AnswersDrifted": "schemas.errors",
    "Exported": "pipelines.operations.export",
    "GoldenSetFailed": "schemas.errors",
    "Job": "pipelines.config.job",
    "JobError": "schemas.errors",
    "Plan": "pipelines.planning.plan",
    "ShardFault": "schemas.errors",
    "ShardmillError": "schemas.errors",
    "Summary": "pipelines.api.summary",
    "TooManyErrors": "schemas.errors",
    "WorkerFault": "schemas.errors",
    "annotate": "pipelines.api.annotate",
    "export": "pipelines.api.export",
    "finish": "pipelines.api.run",
    "judge": "pipelines.api.judge",
    "judge_images": "pipelines.api.annotate",
    "plan": "pipelines.planning.plan",
    "run": "pipelines.api.run",
}
_PACKAGES = ("schemas", "filters", "inference", "pipelines")

if "torch" not in sys.modules:  # otherwise pipelines.concurrency.openmp warns
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")


if not TYPE_CHECKING:  # to type checkers, a name that does not exist is an error

    def __getattr__(name: str) -> Any:
        """Import a public name when it is first used, after a check of the installed packages."""
        if name == "__version__":
            from importlib.metadata import version  # which takes a fifth of the time of --help

            return version("shardmill")
        if name not in _MODULES:
            raise AttributeError(f"module 'shardmill' has no attribute {name!r}")
        _check_packages()
        return getattr(import_module(_MODULES[name]), name)


def __dir__() -> list[str]:
    return __all__


def _check_packages() -> None:
    """Raise ImportError where a package of another distribution has the name of one of ours."""
    here = Path(__file__).resolve().parents[1]
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
