"""The rows of an earlier output that a job takes: those that fulfill its condition `where`."""

from pipelines.config.condition import Condition
from pipelines.config.job import Job
from pipelines.output.footers import read_schema
from pipelines.output.output import Output

WHERE = "where"  # stands in rows in place of a filter's name, where the condition decided
NOT_SELECTED = "not_selected"  # reason: the sample does not fulfill the condition


def check_condition(job: Job, earlier: Output) -> None:
    """Raise JobError if the rows of the earlier output have no such values as the job's `where`.

    The first file of the output is asked, if it has one.
    """
    if job.where is None:
        return
    for unit in earlier.units:
        for name in earlier.progress_of(unit).files:
            schema = read_schema(earlier.storage, earlier.layout.file(name))
            Condition(job.where).check(schema, earlier.layout.root)
            return
