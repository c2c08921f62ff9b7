"""How far an output is, from a listing and the small files beside it; no Parquet is opened."""

from pipelines.output.listing import UnitProgress
from pipelines.output.output import Output, open_output
from pipelines.storage.storage import Storage
from schemas.frozen import Frozen
from schemas.report import Summary, UnitReport

_TOLD = 20  # failed units named


class OutputStatus(Frozen):
    """The units of an output by what has become of them."""

    output: str
    job: str
    complete: bool  # every unit is committed, and _SUCCESS stands
    units: int
    committed: int
    in_parts: int  # begun, with parts committed
    failed: int  # reported failed and not committed since
    interrupted: int  # attempted and neither committed nor failed: in work, or its worker died
    failures: tuple[UnitReport, ...] = ()  # the first few
    last_run: Summary | None = None


def status(output: str, storage: Storage | None = None) -> OutputStatus:
    """JobError where the folder is no output."""
    opened = open_output(output, storage)
    layout, held = opened.layout, opened.contents
    complete = held.complete
    failed = sorted(held.failed - complete)
    return OutputStatus(
        output=layout.root,
        job=opened.record["name"],
        complete=held.closed and len(complete) == len(opened.units),
        units=len(opened.units),
        committed=len(complete),
        in_parts=sum(_begun(unit_progress) for unit_progress in held.progress_by_unit.values()),
        failed=len(failed),
        interrupted=len(held.attempts.keys() - complete - held.failed),
        failures=tuple(
            UnitReport.model_validate_json(opened.storage.read_bytes(layout.failed(name)))
            for name in failed[:_TOLD]
        ),
        last_run=_last_run(opened),
    )


def _begun(unit_progress: UnitProgress) -> bool:
    return not unit_progress.complete and unit_progress.parts > 0


def _last_run(opened: Output) -> Summary | None:
    if not opened.contents.runs:
        return None
    path = opened.layout.run(opened.contents.runs[-1])
    return Summary.model_validate_json(opened.storage.read_bytes(path))
