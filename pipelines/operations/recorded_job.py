"""Reads the job that began an output back from its record."""

from pydantic import TypeAdapter

from pipelines.config.job import Job
from pipelines.config.recorded import read_recorded
from pipelines.output.output import Output


def recorded_job(output: Output) -> Job:
    """Return the job that began the output, with the output's current path."""
    record = {
        key: value for key, value in output.record.items() if key not in ("resolved", "manifest")
    }
    return read_recorded(
        TypeAdapter(Job),
        {**record, "output": output.layout.root},
        f"{output.layout.root}: was begun by another version, or with filters or tasks of your "
        "own: delete what is to be done again, and run the job",
    )
