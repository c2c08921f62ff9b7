"""`shardmill run --forget-missing`: drops the rows of shards that are gone.

The record goes first, so that a run which is stopped in between leaves files that the next run
knows and deletes.
"""

from collections.abc import Callable, Sequence
from functools import partial

from pipelines.config.job import Job
from pipelines.output.heartbeat import Heartbeat
from pipelines.output.output import open_output
from pipelines.planning.begin import create_record, write_manifest
from pipelines.planning.plan import Plan, plan
from pipelines.storage.storage import Storage
from schemas.counted import counted
from schemas.errors import JobError

_MAX_STARTS = 10  # plans, if other runs replace the record in the meantime


def forget_missing(
    job: Job, storage: Storage, run: str, on_notice: Callable[[str], None] = lambda _: None
) -> None:
    """Drop the shards that are gone from the manifest of the job's output, and delete their files.

    `run` is the id of the run. Raises JobError as `plan` does, or if another run is active.
    """
    for _ in range(_MAX_STARTS):
        planned = plan(job, storage, on_notice, forget_missing=True)
        if planned.unfinished:
            finish_forgetting(planned, storage, run, on_notice)
            continue
        if planned.is_new or not planned.growth.missing:
            return
        layout = planned.work.layout
        with _heartbeat(planned, storage, run):
            write_manifest(planned, storage)
            storage.delete(layout.success)  # first, because it says that the output is whole
            try:
                create_record(planned, storage)
            except FileExistsError:  # another run replaced the record
                continue
            _delete(planned, planned.forgotten, storage)
        gone = planned.growth.missing
        example = gone[0] if len(gone) == 1 else f"such as {gone[0]}"
        on_notice(
            f"{counted(len(gone), 'shard')} dropped from the output, with the rows: {example}"
        )
        return
    raise JobError(f"output: {layout.root} is changed by other runs again and again: run again")


def finish_forgetting(
    planned: Plan, storage: Storage, run: str, on_notice: Callable[[str], None] = lambda _: None
) -> None:
    """Delete the files that a stopped run should have deleted, unless another run does."""
    with _heartbeat(planned, storage, run):
        layout = planned.work.layout
        if not open_output(layout.root, storage).active_runs(written=layout.heartbeat(run)):
            _delete(planned, planned.unfinished, storage)
            on_notice(f"files of forgotten shards deleted: {len(planned.unfinished)}")


def _heartbeat(planned: Plan, storage: Storage, run: str) -> Heartbeat:
    work = planned.work
    check = partial(work.check_output, storage)
    return Heartbeat(work.layout.heartbeat(run), storage, work.record_number, check)


def _delete(planned: Plan, files: Sequence[str], storage: Storage) -> None:
    for file in files:
        storage.delete(planned.work.layout.file(file))
