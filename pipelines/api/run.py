"""`shardmill.run` and `shardmill.finish`: the operations of the same name, for Python programs."""

import os
from collections.abc import Callable, Sequence
from contextlib import nullcontext

from pipelines.api.summary import Summary
from pipelines.config.job import Job, check_is_job
from pipelines.display.progress import RunProgress
from pipelines.display.sample_progress import progress_console
from pipelines.evaluation.results import Evaluation
from pipelines.operations.finish import finish as finish_output
from pipelines.operations.run import run as run_job
from pipelines.planning.plan import Plan
from pipelines.storage.storage import Storage
from schemas.report import OnProgress, UnitReport
from schemas.sample import Unit


def run(
    job: Job,
    *,
    limit_units: int | None = None,
    choose: Callable[[Plan], Sequence[Unit]] | None = None,
    storage: Storage | None = None,
    progress: bool = True,
    on_plan: Callable[[Plan], None] | None = None,
    on_progress: OnProgress | None = None,
    on_report: Callable[[UnitReport], None] | None = None,
    on_warning: Callable[[str], None] | None = None,
    forget_missing: bool = False,
) -> Summary:
    """Run the pending units of a job, and summarize the output.

    from shardmill import Job, run
    summary = run(Job.load("job.yaml"))
    print(summary)

    `limit_units` runs only the first units, and `choose` picks units of the plan. A job with
    `extend` adds new shards to its output, and `forget_missing` drops the rows of shards that are
    gone. Progress is shown
    on stderr if that is a terminal or a notebook, unless `progress` is false or a callback is
    given: `on_plan` gets the plan, `on_progress` the progress after each block, `on_report` the
    report of each unit, and `on_warning` lines for people.

    Failed units are listed in the summary, and `summary.evaluations` holds what the job's
    `evaluations` found in a complete output. Raises JobError if the job is wrong, WorkerFault if
    this machine fails, and TooManyErrors if too many samples or units are bad; KeyboardInterrupt
    passes through. However a run ends, the next run continues its work.
    """
    check_is_job(job)
    evaluations: list[Evaluation] = []
    callbacks = (on_plan, on_progress, on_report, on_warning)
    console = progress_console() if progress and not any(callbacks) else None
    with nullcontext() if console is None else RunProgress(console) as shown:
        if shown is not None:
            on_plan, on_progress = shown.on_plan, shown.on_progress
            on_report, on_warning = shown.on_report, shown.on_warning
        summary = run_job(
            job,
            limit_units=limit_units,
            choose=choose or (lambda plan: plan.pending),
            storage=storage,
            on_plan=on_plan or _ignore,
            on_progress=on_progress or _ignore,
            on_report=on_report or _ignore,
            on_warning=on_warning or _ignore,
            on_evaluated=evaluations.append,
            forget_missing=forget_missing,
        )
    return Summary.of(summary, evaluations)


def _ignore(_: object) -> None:
    pass


def finish(output: str | os.PathLike[str], storage: Storage | None = None) -> Summary:
    """Complete an output whose units are all committed: count its rows and write its marker.

    from shardmill import finish
    print(finish("annotated"))

    Several machines can run shares of one job; each run ends with this step, and it can be repeated
    at any time. Raises JobError if the folder is no output.
    """
    evaluations: list[Evaluation] = []
    summary = finish_output(os.fspath(output), storage, on_evaluated=evaluations.append)
    return Summary.of(summary, evaluations)
