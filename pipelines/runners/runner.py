"""The runners by kind. Each is imported when it is asked for: Ray and Beam are optional."""

from collections.abc import Callable, Generator, Mapping, Sequence

from pipelines.claims.run_claims import RunClaims
from pipelines.planning.plan import Plan
from pipelines.storage.storage import Storage
from schemas.errors import JobError
from schemas.report import OnProgress, UnitReport
from schemas.sample import Unit

Reports = Generator[UnitReport, None, None]  # closing it ends all workers
Runner = Callable[[Plan, Sequence[Unit], Storage, OnProgress, RunClaims], Reports]


def _local() -> Runner:
    from pipelines.runners.local import run_local

    return run_local


def _ray() -> Runner:
    from pipelines.runners.ray import run_ray

    return run_ray


def _beam() -> Runner:
    try:
        from pipelines.runners.beam import run_beam  # imports apache_beam
    except ModuleNotFoundError as error:
        if not (error.name or "").startswith("apache_beam"):
            raise
        raise JobError(
            "runner: Beam is not installed: pip install 'apache-beam>=2.77,<3'"
        ) from None
    return run_beam


RUNNERS: Mapping[str, Callable[[], Runner]] = {"local": _local, "ray": _ray, "beam": _beam}
