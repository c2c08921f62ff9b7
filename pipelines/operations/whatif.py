"""`shardmill whatif`: counts from stored scores what other thresholds would change."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from filters.base import Filter, filter_names
from pipelines.config.job import Job
from pipelines.operations.stored_samples.recorded_job import recorded_job
from pipelines.operations.stored_samples.stored_rows import read_batches
from pipelines.output.output import Output, open_output
from pipelines.planning.redecide import Decision, Redecider
from pipelines.storage.storage import Storage
from schemas.errors import JobError
from schemas.frozen import Frozen
from schemas.sample_status import SAMPLE_STATUSES

_COLUMNS = ("status", "filter", "reason", "scores")
_BATCH = 4096  # rows


class ReasonChange(Frozen):
    """How the samples of one reason change."""

    before: int = 0
    """The samples with this reason in the output."""
    after: int = 0
    """The samples that certainly have this reason after the change."""
    becomes_kept: int = 0
    """The samples with this reason in the output that the change keeps."""
    becomes_this: int = 0
    """The samples kept in the output that the change gives this reason."""
    unknown: int = 0
    """The samples with this reason in the output whose scores do not suffice."""


class WhatIf(Frozen):
    """What other thresholds would make of the samples of an output."""

    output: str
    """The folder of the output."""
    changes: tuple[str, ...]
    """The changed thresholds, as `filter.field: before -> after`."""
    evaluate: str
    """The key `evaluate` of the output's job."""
    before: Mapping[str, int]
    """The samples of each status in the output."""
    after: Mapping[str, int]
    """The samples that certainly have each status after the change."""
    unknown: int
    """The samples whose stored scores do not suffice."""
    reasons: Mapping[str, ReasonChange]
    """The changes of each `filter/reason` and of `kept`, by name."""
    not_from_scores: tuple[str, ...]
    """The filters whose verdicts do not follow from scores."""


def whatif(output: str, settings: Sequence[str], storage: Storage | None = None) -> WhatIf:
    """Count what changes of thresholds, such as `filters.0.min_side=100`, make of the samples.

    Reads the committed rows and no shard. Raises JobError if the folder is no output, a file is
    damaged, or a setting changes more than thresholds of filters.
    """
    opened = open_output(output, storage)
    job = recorded_job(opened, "whatif cannot read its filters")
    if job.filters_from:
        raise JobError(f"whatif: {output} took verdicts of {job.filters_from}: name that output")
    if not settings:
        raise JobError("whatif: name a change, such as --set filters.0.min_side=100")
    changed = _changed_job(job, settings)
    names = filter_names(job.filters)
    before = dict(zip(names, job.filters, strict=True))
    after = dict(zip(names, changed.filters, strict=True))
    redecider = Redecider(
        before, after, evaluate_all=job.evaluate == "all", tasks=frozenset(job.tasks)
    )
    moves = _count(opened, redecider)
    return WhatIf(
        output=opened.layout.root,
        changes=tuple(_changes(redecider, before, after)),
        evaluate=job.evaluate,
        before=_by_status((old, number) for (old, _), number in moves.items()),
        after=_by_status((new, number) for (_, new), number in moves.items()),
        unknown=sum(number for (_, new), number in moves.items() if new is None),
        reasons=_reasons(moves),
        not_from_scores=redecider.without_scores,
    )


_Moves = Counter[tuple[Decision, Decision | None]]  # what samples were, what becomes -> samples


def _changed_job(job: Job, settings: Sequence[str]) -> Job:
    """Return the job with the changes; raise JobError if they change more than its filters."""
    changed = Job.parse(json.dumps(job.model_dump(mode="json")), "the output's job", settings)
    if changed.model_copy(update={"filters": job.filters}) != job:
        raise JobError(
            "whatif: only thresholds of filters may change, as in filters.0.min_side=100"
        )
    if filter_names(changed.filters) != filter_names(job.filters):
        raise JobError("whatif: the kinds of filters may not change: change a threshold of one")
    return changed


def _changes(
    redecider: Redecider, before: Mapping[str, Filter], after: Mapping[str, Filter]
) -> Iterator[str]:
    for name, fields in redecider.changes.items():
        for field in sorted(fields):
            old, new = getattr(before[name], field), getattr(after[name], field)
            yield f"{name}.{field}: {old} -> {new}"


def _count(output: Output, redecider: Redecider) -> _Moves:
    moves: _Moves = Counter()
    for unit in output.units:
        for file in output.progress_of(unit).files:
            path = output.layout.file(file)
            for batch in read_batches(path, output.storage, _COLUMNS, _BATCH):
                for row in batch.to_pylist():
                    stored = Decision(row["status"], row["filter"] or "", row["reason"] or "")
                    scores = {score["name"]: score["value"] for score in row["scores"]}
                    moves[stored, redecider.decision(stored, scores)] += 1
    return moves


def _by_status(numbers: Iterable[tuple[Decision | None, int]]) -> dict[str, int]:
    sums: Counter[str] = Counter()
    for decision, number in numbers:
        if decision is not None:
            sums[decision.status] += number
    return {status: sums[status] for status in SAMPLE_STATUSES}


def _reasons(moves: _Moves) -> dict[str, ReasonChange]:
    fields: dict[str, Counter[str]] = {}

    def add(decision: Decision, field: str, number: int) -> None:
        by = decision.filter or decision.status
        name = f"{by}/{decision.reason}" if decision.reason else by
        fields.setdefault(name, Counter())[field] += number

    for (old, new), number in moves.items():
        add(old, "before", number)
        if new is None:
            add(old, "unknown", number)
            continue
        add(new, "after", number)
        if old.status != "kept" and new.status == "kept":
            add(old, "becomes_kept", number)
        if old.status == "kept" and new.status != "kept":
            add(new, "becomes_this", number)
    return {name: ReasonChange(**fields[name]) for name in sorted(fields)}
