"""Opens an output that a run has begun: its job.json, its manifest and its listing."""

from dataclasses import dataclass
from typing import Any

from pipelines.output.layout import Layout
from pipelines.output.listing import OutputListing, classify_files
from pipelines.output.manifest import units_of_manifest
from pipelines.output.unit_progress import UnitProgress
from pipelines.storage.resolve import absolute, storage_for
from pipelines.storage.storage import Storage
from schemas.errors import JobError
from schemas.regular_file import NotRegularFile, parse_json
from schemas.sample import Unit


@dataclass(frozen=True, slots=True)
class Output:
    """An output at one moment: its job.json, its manifest and its listing."""

    storage: Storage
    layout: Layout
    record: dict[str, Any]  # the content of job.json
    units: tuple[Unit, ...]  # from the manifest, sorted by name
    listing: OutputListing

    def progress_of(self, unit: Unit) -> UnitProgress:
        return self.listing.progress_of(unit.name)


def open_output(output: str, storage: Storage | None = None) -> Output:
    """Open an output; raise JobError if the folder is no output, or its description is damaged."""
    opened = find_output(output, storage or storage_for(output))
    if opened is None:
        raise JobError(
            f"{absolute(output)}: is not an output of shardmill: it has no _shardmill/job.json"
        )
    return opened


def find_output(output: str, storage: Storage) -> Output | None:
    """Open an output; return None if no run has begun it.

    Lists the folder once, and reads job.json and the manifest once. Raises JobError if one of the
    two is damaged.
    """
    layout = Layout(absolute(output))
    if layout.root == "/":
        raise JobError("output: / is the whole file system: name a folder in it")
    paths = [entry.path for entry in storage.list(layout.root)]
    if layout.job not in paths:
        return None
    record = _read_job_record(layout, storage)
    if layout.manifest not in paths:
        raise _damaged(layout.manifest)
    try:
        units = units_of_manifest(storage.read_bytes(layout.manifest))
    except NotRegularFile:
        raise _damaged(layout.manifest) from None
    listing = classify_files(layout, paths, [unit.name for unit in units])
    return Output(storage, layout, record, units, listing)


def _read_job_record(layout: Layout, storage: Storage) -> dict[str, Any]:
    try:
        record = parse_json(storage.read_bytes(layout.job))
    except (ValueError, NotRegularFile):
        raise _damaged(layout.job) from None
    if not isinstance(record, dict) or "resolved" not in record:
        raise _damaged(layout.job)
    return record


def _damaged(path: str) -> JobError:
    return JobError(f"{path}: is damaged or gone: restore it, or choose another output")
