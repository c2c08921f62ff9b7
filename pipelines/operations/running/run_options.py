"""What a caller asks of a run: which units it takes, and which functions it calls."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from pipelines.claims.shares import Share
from pipelines.metrics.run_metrics import RunMetrics
from pipelines.operations.evaluating.evaluate_job import OnEvaluated
from pipelines.planning.plan import Plan
from schemas.report import OnProgress, UnitReport
from schemas.sample import Unit

T = TypeVar("T")
OnReport = Callable[[UnitReport], None]


def pending(plan: Plan) -> Sequence[Unit]:
    """Return all units that are not committed."""
    return plan.pending


def ignore(_: object) -> None:
    """Do nothing with what a run tells."""


@dataclass(frozen=True, slots=True)
class RunScope:
    """The units that a run takes; with `wait`, it ends when other runs have done theirs.

    With `forget_missing`, it first drops the rows of shards that are gone.
    """

    limit: int | None = None
    choose: Callable[[Plan], Sequence[Unit]] = pending
    share: Share | None = None
    wait: bool = True
    forget_missing: bool = False

    def units(self, planned: Plan) -> Sequence[Unit]:
        chosen = self.choose(planned)
        return (self.share.of(planned, chosen) if self.share else chosen)[: self.limit]


@dataclass(frozen=True, slots=True)
class RunListener:
    """The functions that a run calls as it proceeds."""

    on_plan: Callable[[Plan], None] = ignore
    on_progress: OnProgress = ignore
    on_report: OnReport = ignore
    on_warning: Callable[[str], None] = ignore
    on_evaluated: OnEvaluated = ignore

    def after(self, metrics: RunMetrics) -> "RunListener":
        """Return a listener that counts everything in metrics before it passes it on."""
        return replace(
            self,
            on_plan=both(metrics.on_plan, self.on_plan),
            on_progress=both(metrics.on_progress, self.on_progress),
            on_report=both(metrics.on_report, self.on_report),
        )


def both(first: Callable[[T], None], second: Callable[[T], None]) -> Callable[[T], None]:
    """Return a function that calls two functions with its argument."""

    def call(argument: T) -> None:
        first(argument)
        second(argument)

    return call
