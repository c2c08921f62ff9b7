"""An output that a run has begun: what it was begun with, its units, and what it holds."""

import json
from dataclasses import dataclass
from typing import Any

from pipelines.output.layout import Layout
from pipelines.output.listing import Contents, UnitProgress, contents
from pipelines.output.manifest import units_of_manifest
from pipelines.storage.resolve import absolute, storage_for
from pipelines.storage.storage import Storage
from schemas.errors import JobError
from schemas.sample import Unit


@dataclass(frozen=True, slots=True)
class Output:
    """One look at an output: two small files and a listing."""

    storage: Storage
    layout: Layout
    record: dict[str, Any]  # job.json
    units: tuple[Unit, ...]  # the manifest's, by name
    contents: Contents

    def progress_of(self, unit: Unit) -> UnitProgress:
        return self.contents.progress_of(unit.name)


def open_output(output: str, storage: Storage | None = None) -> Output:
    """JobError where the folder is no output, or what describes it is damaged."""
    opened = find_output(output, storage or storage_for(output))
    if opened is None:
        raise JobError(
            f"{absolute(output)}: is not an output of shardmill: it has no _shardmill/job.json"
        )
    return opened


def find_output(output: str, storage: Storage) -> Output | None:
    """None where no run has begun yet; JobError where what describes the output is damaged."""
    layout = Layout(absolute(output))
    listing = [entry.path for entry in storage.list(layout.root)]
    if layout.job not in listing:
        return None
    record = _record(layout, storage)
    if layout.manifest not in listing:
        raise _damaged(layout.manifest)
    units = units_of_manifest(storage.read_bytes(layout.manifest))
    held = contents(layout, listing, [unit.name for unit in units])
    return Output(storage, layout, record, units, held)


def _record(layout: Layout, storage: Storage) -> dict[str, Any]:
    try:
        record = json.loads(storage.read_bytes(layout.job))
    except ValueError:
        raise _damaged(layout.job) from None
    if not isinstance(record, dict) or "resolved" not in record:
        raise _damaged(layout.job)
    return record


def _damaged(path: str) -> JobError:
    return JobError(f"{path}: is damaged or gone: restore it, or choose another output")
