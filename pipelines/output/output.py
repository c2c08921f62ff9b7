"""Opens an output that a run has begun: its record, its manifest and its listing."""

import errno
import os
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from pipelines.output.active_runs import find_active_runs
from pipelines.output.heartbeat import HeartbeatRecord
from pipelines.output.layout import Layout
from pipelines.output.listing import OutputListing, classify_files
from pipelines.output.manifest import is_manifest, units_of_manifest
from pipelines.output.record import (
    RecordId,
    damaged_record,
    earlier_version,
    manifest_of,
    newest_record,
    read_record,
)
from pipelines.output.unit_progress import UnitProgress
from pipelines.storage.paths import absolute, scheme
from pipelines.storage.resolve import STORAGE
from pipelines.storage.storage import Entry, Storage
from pipelines.storage.urls import check_url
from schemas.counted import counted
from schemas.errors import JobError
from schemas.path_text import first_missing
from schemas.regular_file import NotRegularFile
from schemas.sample import Unit
from schemas.units import Units

_LOOKS, _FIRST_PAUSE = 7, 0.05  # seconds; each pause is twice as long as the one before


@dataclass(frozen=True, slots=True)
class Output:
    """An output at one moment: its job.record, its manifest and its listing."""

    storage: Storage
    layout: Layout
    record: dict[str, Any]  # the content of the newest record
    record_id: RecordId
    units: Units  # from the manifest, sorted by name
    listing: OutputListing

    def active_runs(
        self, on_watch: Callable[[str], None] = lambda _: None, written: str = ""
    ) -> list[HeartbeatRecord]:
        """Return the heartbeats of the runs that work for this record, oldest first.

        `on_watch` gets a line for people if this takes long. It takes no time if `written` is the
        path of a file of the output that was written just now.
        """
        runs = self.listing.heartbeats
        active = find_active_runs(self.layout, runs, self.storage, written, on_watch)
        return [run for run in active if run.record == self.record_id.number]

    def count_files(self) -> int:
        """Count the files of committed parts."""
        return sum(len(progress.files) for _, progress in self.listing.committed())

    def missing_line(self, name: str, consequence: str) -> Iterator[str]:
        """Yield a line that says how many units are not committed, if some are not."""
        if missing := int((~self.listing.complete).sum()):
            units = counted(len(self.units), "unit")
            yield f"{name}: {missing:,} of {units} not committed, {consequence}"

    def progress_of(self, unit: Unit) -> UnitProgress:
        return self.listing.progress_of(unit.name)


def open_output(output: str, storage: Storage | None = None) -> Output:
    """Open an output; raise JobError if the folder is no output, or its description is damaged."""
    check_url(output)
    opened = find_output(output, storage or STORAGE)
    if opened is None:
        raise JobError(f"{absolute(output)}: is not an output of shardmill: {_why(output)}")
    return opened


def _why(output: str) -> str:
    path = absolute(output)
    if not scheme(path) and (missing := first_missing(path)):
        return f"there is no {missing}"
    if os.path.isfile(path):
        return "it is a file: name the folder that is the job's `output`"
    return "it has no _shardmill/job.record: name the folder that is the job's `output`"


def find_output(output: str, storage: Storage) -> Output | None:
    """Open an output; return None if no run has begun it.

    Lists the control folder, reads the newest record and its manifest, and lists all files, each
    once; again if a record is created meanwhile. Raises JobError if the record or the manifest is
    damaged, and OSError if a store's listings do not show the newest record after some seconds.
    """
    layout = Layout(absolute(output))
    if layout.root == "/":
        raise JobError("output: / is the whole file system: name a folder in it")
    for look in range(_LOOKS):
        try:
            return _find(layout, storage)
        except _Replaced:
            time.sleep(_FIRST_PAUSE * 2**look)
    raise OSError(
        errno.EAGAIN, "its listing does not show the newest record: run again later", layout.root
    )


def _find(layout: Layout, storage: Storage) -> Output | None:
    """Open an output; raise _Replaced if a listing does not show the newest record."""
    try:
        paths = [entry.path for entry in storage.list(layout.control, recursive=False)]
    except FileNotFoundError:  # for a local folder, a listing is empty
        raise JobError(
            f"output: {layout.root}: there is no such bucket: create it, or check the URL"
        ) from None
    except PermissionError as error:
        if not scheme(layout.root):
            raise
        raise JobError(f"output: {layout.root} cannot be read: {error.strerror}") from None
    number = newest_record(layout, paths)
    if number is None:
        if storage.entry(layout.record(0)):  # begun since it was listed
            raise _Replaced
        if layout.earlier_record in paths:
            raise earlier_version(layout)
        return None
    record, record_id = read_record(layout, number, storage)
    manifest = layout.manifest(manifest_of(record))
    try:
        content = storage.read_bytes(manifest)
    except (FileNotFoundError, NotRegularFile):
        if storage.entry(layout.record(number + 1)):  # a run deletes manifests of older records
            raise _Replaced from None
        raise damaged_record(manifest) from None
    if not is_manifest(manifest_of(record), content):
        raise damaged_record(manifest)
    units = units_of_manifest(content, manifest)
    entries = _unless_replaced(storage.list(layout.root), layout.record(number + 1))
    listing = classify_files(layout, entries, units.names)
    return Output(storage, layout, record, record_id, units, listing)


class _Replaced(Exception):
    """The record was created or replaced while the files were listed."""


def _unless_replaced(entries: Iterable[Entry], newer: str) -> Iterator[Entry]:
    """Yield the entries; raise _Replaced if one of them is the newer record."""
    for entry in entries:
        if entry.path == newer:
            raise _Replaced
        yield entry
