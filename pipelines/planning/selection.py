"""The rows of an earlier output that a job takes: those that fulfill its condition `where`."""

from pipelines.config.condition import Condition
from pipelines.config.job import Job
from pipelines.output.output import Output
from pipelines.output.stored_schema import stored_schema

WHERE = "where"  # stands in rows in place of a filter's name, where the condition decided
NOT_SELECTED = "not_selected"  # reason: the sample does not fulfill the condition


def check_condition(job: Job, earlier: Output) -> None:
    """Raise JobError if the rows of the earlier output have no such values as the job's `where`.

    The first file of the output is asked, if it has one.
    """
    if job.where is not None and (schema := stored_schema(earlier)) is not None:
        Condition(job.where).check(schema, earlier.layout.root)
