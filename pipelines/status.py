"""How far an output is, from a listing and the small files beside it; no Parquet is opened."""

from pipelines.outputs import Contents, Layout, Standing, contents
from pipelines.plan import read_record
from pipelines.storage import Storage, absolute, storage_for
from pipelines.units import units_of_manifest
from schemas.frozen import Frozen
from schemas.report import Summary, UnitReport

_TOLD = 20  # failed units named


class Status(Frozen):
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


def status(output: str, storage: Storage | None = None) -> Status:
    """JobError where the folder is no output."""
    storage = storage or storage_for(output)
    layout = Layout(absolute(output))
    record = read_record(layout, storage)
    names = [unit.name for unit in units_of_manifest(storage.read_bytes(layout.manifest))]
    held = contents(layout, [entry.path for entry in storage.list(layout.root)], names)
    complete = {name for name, standing in held.standings.items() if standing.complete}
    failed = sorted(held.failed - complete)
    return Status(
        output=layout.root,
        job=record["name"],
        complete=held.closed and len(complete) == len(names),
        units=len(names),
        committed=len(complete),
        in_parts=sum(_begun(standing) for standing in held.standings.values()),
        failed=len(failed),
        interrupted=len(held.attempts.keys() - complete - held.failed),
        failures=tuple(
            UnitReport.model_validate_json(storage.read_bytes(layout.failed(name)))
            for name in failed[:_TOLD]
        ),
        last_run=_last_run(layout, storage, held),
    )


def _begun(standing: Standing) -> bool:
    return not standing.complete and standing.parts > 0


def _last_run(layout: Layout, storage: Storage, held: Contents) -> Summary | None:
    if not held.runs:
        return None
    return Summary.model_validate_json(storage.read_bytes(layout.run(held.runs[-1])))
