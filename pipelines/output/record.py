"""The record of an output: which job it belongs to, and which manifest lists its units.

The record is job.json. A run that begins an output anew, or gives its units another manifest,
creates job.00001.json and so on; the record with the highest number counts. A record is created
only if it does not exist, so that of several runs that begin an output at once one wins, and the
others read the winner's record.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from itertools import count
from typing import Any, NamedTuple

from pipelines.output.fingerprint import fingerprint_of
from pipelines.output.layout import Layout
from pipelines.storage.storage import Storage
from schemas.errors import JobError
from schemas.regular_file import NotRegularFile, parse_json

FIRST_MANIFEST = "manifest.arrow"  # the name that earlier versions gave


class RecordId(NamedTuple):
    """Which record of an output a run works for."""

    number: int  # 0: job.json
    digest: str  # SHA-256 of the file

    @classmethod
    def of(cls, number: int, content: bytes) -> "RecordId":
        return cls(number, hashlib.sha256(content).hexdigest())


def newest_record(layout: Layout, paths: Iterable[str]) -> int | None:
    """Return the highest number of a record among the paths of an output; None if it has none."""
    known = set(paths)
    missing = next(number for number in count() if layout.record(number) not in known)
    return missing - 1 if missing else None


def read_record(layout: Layout, number: int, storage: Storage) -> tuple[dict[str, Any], RecordId]:
    """Read a record and its id; JobError if the file is damaged."""
    path = layout.record(number)
    try:
        content = storage.read_bytes(path)
        record = parse_json(content)
    except (ValueError, NotRegularFile):
        raise damaged_record(path) from None
    if not isinstance(record, dict) or not isinstance(record.get("resolved"), dict):
        raise damaged_record(path)
    return record, RecordId.of(number, content)


def record_content(record: Mapping[str, Any], manifest: str) -> bytes:
    """Return the content of a record file; `manifest` is the file name of its manifest."""
    named = {**record, "manifest": manifest}
    return json.dumps(named, indent=1, ensure_ascii=False).encode()


def manifest_of(record: Mapping[str, Any]) -> str:
    """Return the file name of a record's manifest; JobError if it is no plain name."""
    name = record.get("manifest", FIRST_MANIFEST)
    if not isinstance(name, str) or "/" in name or not name.endswith(".arrow"):
        raise JobError(f"output: its record names the manifest {name!r}: restore the record")
    return name


def check_still_own(layout: Layout, own: RecordId, fingerprint: str, storage: Storage) -> None:
    """Raise JobError unless the output still belongs to the job that planned with record `own`.

    A newer record of the same job is no reason to stop: it only lists other versions of shards that
    no run has committed.
    """
    try:
        content = storage.read_bytes(layout.record(own.number))
    except (FileNotFoundError, NotADirectoryError):
        raise JobError(
            f"output: {layout.root}: its _shardmill/{layout.record(own.number).rpartition('/')[2]} "
            "is gone since this run began, so the run stopped: put the folder back as it was, or "
            "delete its Parquet files and run again"
        ) from None
    number = own.number
    while storage.entry(layout.record(number + 1)):
        number += 1
    is_own = RecordId.of(own.number, content) == own
    if number > own.number:
        is_own = is_own and fingerprint_of(read_record(layout, number, storage)[0]) == fingerprint
    if not is_own:
        raise JobError(
            f"output: {layout.root}: another job began this output since this run began, so the "
            "run stopped: choose another output"
        )


def damaged_record(path: str) -> JobError:
    """Return the error about a record or manifest that cannot be read."""
    return JobError(f"{path}: is damaged or gone: restore it, or choose another output")
