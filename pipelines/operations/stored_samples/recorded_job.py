"""Reads the job that began an output, or its `input` alone, back from its record."""

from pydantic import TypeAdapter

from pipelines.config.input import Input
from pipelines.config.job import Job
from pipelines.config.recorded import read_recorded
from pipelines.output.output import Output
from pipelines.storage.resolve import AnyStorage

# Keys that are not of a job, and `extend`, which is for runs of the job file.
NOT_OF_JOB = ("resolved", "manifest", "begun", "forgets", "extend")
_ADVICE = "delete what is to be done again, and run the job"


def recorded_job(output: Output, advice: str = _ADVICE) -> Job:
    """Return the job that began the output, with the output's current path.

    It has the settings of stores with which the output was opened, if any were given.
    Raises JobError with the advice if another version began it, or a job with classes of its own.
    """
    record = {key: value for key, value in output.record.items() if key not in NOT_OF_JOB}
    job = read_recorded(
        TypeAdapter(Job),
        {**record, "output": output.layout.root},
        f"{output.layout.root}: was begun by another version, or with filters or tasks of your "
        f"own: {advice}",
    )
    storage = output.storage
    if isinstance(storage, AnyStorage) and storage.settings is not None:
        job = job.model_copy(update={"storage": storage.settings})
    return job


def recorded_input(output: Output) -> Input:
    """Return the `input` of the job that began an output.

    Raises JobError if another version wrote it. Unlike the whole job, it has no classes of a
    user's own.
    """
    path = output.layout.record(output.record_id.number)
    message = f"{path}: was written by another version of shardmill, or is damaged"
    return read_recorded(TypeAdapter(Input), output.record["input"], message)
