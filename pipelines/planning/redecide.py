"""Finds what other thresholds of a job's filters make of a row, from the scores that it stores."""

from collections.abc import Collection, Mapping
from typing import NamedTuple

from filters import Filter
from filters.base import running_order, scores_of
from filters.services.service_filter import reaching_settings
from pipelines.output.forgotten import FORGET
from pipelines.planning.decisions import ACCEPTED_SCORE, REVIEW
from pipelines.planning.selection import WHERE
from schemas.errors import JobError
from schemas.sample_status import SampleStatus
from schemas.verdict import Verdict


class Decision(NamedTuple):
    """What became of a sample; `filter` and `reason` are empty if the sample is kept."""

    status: SampleStatus
    filter: str = ""
    reason: str = ""


KEPT = Decision("kept")


class Redecider:
    """The filters of a job before and after a change of thresholds."""

    def __init__(
        self,
        before: Mapping[str, Filter],
        after: Mapping[str, Filter],
        *,
        evaluate_all: bool,
        tasks: Collection[str] = (),
    ) -> None:
        """Compare filters, which map their names in rows to their configurations.

        `tasks` are the tasks of the job, whose scores are about answers. Raises JobError if more
        changes than thresholds, such as a filter's kind, languages or model.
        """
        self._after = after
        self._order = list(running_order(after))
        self._evaluate_all = evaluate_all
        self._tasks = frozenset(tasks)
        self.changes = {
            name: fields
            for name, stage in after.items()
            if (fields := changed_fields(before[name], stage))
        }
        for name, fields in self.changes.items():
            for field in sorted(fields - after[name].thresholds):
                known = ", ".join(sorted(after[name].thresholds)) or "none"
                raise JobError(
                    f"{name}.{field}: stored scores do not tell what another value makes of a "
                    f"sample: change a threshold of this filter ({known})"
                )

    @property
    def without_scores(self) -> tuple[str, ...]:
        """The names of the filters on samples whose verdicts do not follow from scores."""
        return tuple(name for name in self._order if not decides(self._after[name]))

    def decision(self, stored: Decision, scores: Mapping[str, float]) -> Decision | None:
        """Return what becomes of a row with these scores; None if the scores do not suffice."""
        if not self.changes or stored.filter in (REVIEW, WHERE, FORGET):
            return stored
        position = self._order.index(stored.filter) if stored.filter else len(self._order)
        if stored.filter and self._after[stored.filter].conceals:  # the row has no scores
            earlier = any(name in self.changes for name in self._order[:position])
            return stored if self._evaluate_all or not earlier else None
        scores = {
            name: value
            for name, value in scores.items()
            if not (name.count(".") > 1 and name.split(".")[1] in self._tasks)
        }
        if stored.status == "invalid":
            return self._of_invalid(stored, scores)
        overruled = list(self._after)[: int(scores.get(ACCEPTED_SCORE, 0))]
        return self._walk(stored, position, scores, overruled)

    def _walk(
        self,
        stored: Decision,
        position: int,
        scores: Mapping[str, float],
        overruled: Collection[str],
    ) -> Decision | None:
        """Ask the filters in their order; `position` is that of the filter that decided.

        A person has overruled the quarantine of the filters `overruled`.
        """
        for index, name in enumerate(self._order):
            if name not in self.changes and index <= position:
                if index == position:
                    return stored
                continue
            judged = index <= position or self._evaluate_all
            if judged and self._after[name].conceals:
                continue  # else this filter would have decided
            verdict = self._after[name].decide_row(scores_of(name, scores)) if judged else None
            if verdict is None:
                return None
            if verdict.action == "quarantine" and name in overruled:
                continue
            if decision := _rejection(name, verdict):
                return decision
        return KEPT

    def _of_invalid(self, stored: Decision, scores: Mapping[str, float]) -> Decision:
        """Return what becomes of a sample with a fault: filters before the fault may reject it."""
        for name in self._order:
            verdict = (
                self._after[name].decide_row(own) if (own := scores_of(name, scores)) else None
            )
            if verdict and (decision := _rejection(name, verdict)):
                return decision
        return stored


def changed_fields(before: Filter, after: Filter) -> frozenset[str]:
    """Return the names of the fields that differ between two filters of one kind.

    How a service is reached is left out, because it changes no verdict.
    """
    names = type(after).model_fields.keys()
    fields = names - reaching_settings(names)
    return frozenset(name for name in fields if getattr(before, name) != getattr(after, name))


def decides(stage: Filter) -> bool:
    """Return whether the verdicts of a filter follow from its scores."""
    return type(stage).decide is not Filter.decide


def _rejection(name: str, verdict: Verdict) -> Decision | None:
    match verdict.action:
        case "drop":
            return Decision("dropped", name, verdict.reason)
        case "quarantine":
            return Decision("quarantined", name, verdict.reason)
    return None
