"""Keeps in an output what a run knows of its answers, so that the next run goes on from there.

Each run has a record of its own. The statistics of the first units are created once, by the run
that has them first, so that all runs of an output compare with the same ones.
"""

from collections.abc import Mapping

from pydantic import ValidationError

from pipelines.drift.detector import Change
from pipelines.output.layout import Layout
from pipelines.storage.storage import Storage
from schemas.answer_statistics import AnswerStatistics
from schemas.frozen import Frozen

MAX_CHANGES = 20  # in a record, the last ones
_FIRST = "first-"  # begins the names of records of first units; a run's name begins with a digit


class DriftRecord(Frozen):
    """What a run knows of its answers."""

    first: Mapping[str, tuple[AnswerStatistics, ...]] = {}
    """The statistics of the first units of each task, as long as they are not complete."""
    last: Mapping[str, tuple[AnswerStatistics, ...]] = {}
    """The statistics of the last units of each task."""
    waiting: Mapping[str, AnswerStatistics] = {}
    """The statistics of units with few answers, which wait for further ones."""
    changed: Mapping[str, tuple[str, ...]] = {}
    """The characteristics of each task that differ from the first units at present."""
    changes: tuple[Change, ...] = ()
    """The last changes that the run has warned of, 20 at most."""


class _FirstUnits(Frozen):
    """The content of a record of first units."""

    task: str
    """The name of the task."""
    units: tuple[AnswerStatistics, ...]
    """The statistics of the first units."""


def first_units(
    layout: Layout, storage: Storage, task: str, own: tuple[AnswerStatistics, ...] | None = None
) -> tuple[AnswerStatistics, ...] | None:
    """Return the first units of a task; None if they are not complete.

    With `own`, these become the first units, unless another run was earlier.
    """
    path = layout.drift(f"{_FIRST}{task}")
    if own is not None:
        content = _FirstUnits(task=task, units=own).model_dump_json().encode()
        try:
            storage.create(path, content, durable=False)
        except FileExistsError:
            return first_units(layout, storage, task) or own
        return own
    try:
        return _FirstUnits.model_validate_json(storage.read_bytes(path)).units
    except (
        FileNotFoundError,
        ValidationError,
    ):  # or damaged: the run compares with units of its own
        return None


def run_records(names: tuple[str, ...]) -> list[str]:
    """Return the names of the records of runs, the oldest first, from those of all records."""
    return sorted(name for name in names if not name.startswith(_FIRST))


def read_record(layout: Layout, storage: Storage, run: str) -> DriftRecord:
    """Read the record of a run; an empty one if it is damaged or gone."""
    try:
        return DriftRecord.model_validate_json(storage.read_bytes(layout.drift(run)))
    except (FileNotFoundError, ValidationError):
        return DriftRecord()


def write_record(layout: Layout, storage: Storage, run: str, record: DriftRecord) -> None:
    """Write the record of a run, replacing its earlier one."""
    content = record.model_dump_json().encode()
    storage.write_bytes(layout.drift(run), content, durable=False)
