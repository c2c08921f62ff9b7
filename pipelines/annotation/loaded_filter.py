"""A loaded filter, which judges items and does what the job says where it cannot judge."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from filters.base import INDETERMINATE, Filter, Judge
from pipelines.concurrency.stage_timer import StageTimer
from pipelines.logs.log import log
from schemas.errors import ServiceFault, WorkerFault
from schemas.verdict import Verdict


@dataclass(frozen=True, slots=True)
class LoadedFilter:
    """A filter, its name in rows and reports, and its loaded judge."""

    name: str
    filter: Filter
    judge: Judge[Any]
    number: int  # in the job, from 0
    costs: StageTimer

    def verdicts(self, items: Sequence[Any]) -> list[Verdict]:
        """Return a verdict for each item; none is indeterminate.

        Raises ServiceFault if a service did not judge, and WorkerFault if verdicts are missing.
        """
        try:
            with self.costs.stage(f"filter {self.name}", len(items)):
                verdicts = self.judge.judge(items) if items else []
        except ServiceFault as fault:
            line = f"filter {self.name}: the service did not judge: {fault}: the unit fails"
            log("service_failed", line, filter=self.name, reason=fault.reason)
            raise
        if len(verdicts) != len(items):
            raise WorkerFault(f"filter {self.name}: {len(verdicts)} verdicts on {len(items)} items")
        action = self.filter.on_indeterminate
        return [
            _unjudged(verdict, action) if verdict.action == "indeterminate" else verdict
            for verdict in verdicts
        ]


def _unjudged(verdict: Verdict, action: Literal["quarantine", "drop", "keep"]) -> Verdict:
    """Turn a verdict `indeterminate` into the filter's action; a score stores the reason."""
    scores = {**verdict.scores, f"{INDETERMINATE}{verdict.reason}": 1.0}
    return replace(verdict, action=action, scores=scores)
