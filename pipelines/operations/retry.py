"""Units that are to be done again: those that failed and, if wanted, those with bad samples."""

import json
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum

from pydantic import ValidationError

from pipelines.config.job import Job
from pipelines.operations.run import OnReport, run
from pipelines.output.output import Output, open_output
from pipelines.output.parquet_writer import read_counts
from pipelines.planning.plan import Plan
from pipelines.storage.storage import Storage
from schemas.errors import JobError
from schemas.report import OnProgress, Summary

_FOOTERS_AT_ONCE = 16


class BadStatus(StrEnum):
    """Of samples whose units may be done again."""

    quarantined = "quarantined"
    invalid = "invalid"


@dataclass(frozen=True, slots=True)
class Retry:
    """What is to be done again, and the files that have to go first."""

    opened: Output
    job: Job
    failed: frozenset[str]  # units reported failed and not committed since
    bad: frozenset[str]  # units committed with samples of a status that is not wanted
    files: tuple[str, ...]  # of those, relative to the output


def find_retry(
    output: str, statuses: Collection[BadStatus] = (), storage: Storage | None = None
) -> Retry:
    """Look for units to do again; nothing is deleted. JobError where the folder is no output."""
    opened = open_output(output, storage)
    held = opened.contents
    progress_by_unit = held.progress_by_unit if statuses else {}
    owners = {
        file: unit
        for unit, unit_progress in progress_by_unit.items()
        for file in unit_progress.files
    }

    def has_bad(file: str) -> bool:
        counts = read_counts(opened.storage, opened.layout.file(file))
        return any(getattr(counts, status) for status in statuses)

    with ThreadPoolExecutor(_FOOTERS_AT_ONCE) as pool:
        found = dict(zip(owners, pool.map(has_bad, owners), strict=True))
    bad = frozenset(owners[file] for file, is_bad in found.items() if is_bad)
    return Retry(
        opened,
        _job(opened),
        failed=held.failed - held.complete,
        bad=bad,
        files=tuple(file for unit in sorted(bad) for file in progress_by_unit[unit].files),
    )


def retry(
    found: Retry,
    *,
    on_plan: Callable[[Plan], None] = lambda _: None,
    on_progress: OnProgress = lambda _: None,
    on_report: OnReport = lambda _: None,
    on_warning: Callable[[str], None] = lambda _: None,
) -> Summary:
    """Delete those files, and do their units and the failed ones again.

    What ends it loses nothing: the next run does what is missing.
    """
    storage, layout = found.opened.storage, found.opened.layout
    if found.files:
        storage.delete(layout.success)  # first: it says that every unit is committed
    for file in reversed(found.files):  # the last part first: the others are a beginning
        storage.delete(layout.file(file))
    names = found.failed | found.bad
    return run(
        found.job,
        storage=storage,
        choose=lambda plan: tuple(unit for unit in plan.pending if unit.name in names),
        on_plan=on_plan,
        on_progress=on_progress,
        on_report=on_report,
        on_warning=on_warning,
    )


def _job(opened: Output) -> Job:
    """The job as the output was begun with it, its output where it lies now."""
    record = {key: value for key, value in opened.record.items() if key != "resolved"}
    record["output"] = opened.layout.root
    try:
        return Job.model_validate_json(json.dumps(record), strict=True)
    except ValidationError:
        raise JobError(
            f"{opened.layout.root}: was begun by another version, or with filters or tasks of your "
            "own: delete what is to be done again, and run the job"
        ) from None
