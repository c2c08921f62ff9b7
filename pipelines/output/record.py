"""The record of an output: the job that the output belongs to, and the name of its manifest.

The first record is job.record. A run that begins an output anew, or gives its units another
manifest, creates the next record: job.00001.record, then job.00002.record and so on. The last
record before the first missing number counts. A record is created only if it does not exist: if
several runs begin an output at once, one run wins, and the others read the record of the winner.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from pipelines.output.fingerprint import fingerprint_of
from pipelines.output.layout import Layout
from pipelines.storage.storage import Storage
from schemas.errors import JobError
from schemas.regular_file import NotRegularFile, parse_json

_RECORD = re.compile(r"(?:\.(\d{5}))?\.record")  # how the name of a record goes on after `job`


class RecordId(NamedTuple):
    """The identity of a record: its number, and the digest of its content."""

    number: int  # 0: job.record
    digest: str  # SHA-256 of the file

    @classmethod
    def of(cls, number: int, content: bytes) -> "RecordId":
        return cls(number, hashlib.sha256(content).hexdigest())


def newest_record(layout: Layout, paths: Iterable[str]) -> int | None:
    """Return the highest number of a record among the paths of an output; None without a record."""
    prefix = layout.record(0).removesuffix(".record")  # of job.record and job.00001.record
    names = (path.removeprefix(prefix) for path in paths if path.startswith(prefix))
    numbers = (_RECORD.fullmatch(name) for name in names)
    return max((int(match[1] or 0) for match in numbers if match), default=None)


def read_record(layout: Layout, number: int, storage: Storage) -> tuple[dict[str, Any], RecordId]:
    """Return the content of a record and its id; raise JobError if the file is damaged.

    Raises OSError if storage cannot read the file.
    """
    path = layout.record(number)
    try:
        content = storage.read_bytes(path)
        record = parse_json(content)
    except (ValueError, NotRegularFile):
        raise damaged_record(path) from None
    if not isinstance(record, dict) or not isinstance(record.get("resolved"), dict):
        raise damaged_record(path)
    if "begun" not in record:
        raise earlier_version(layout)
    return record, RecordId.of(number, content)


def record_content(
    record: Mapping[str, Any], manifest: str, begun: int, forgets: str | None = None
) -> bytes:
    """Return the bytes of a record's file.

    `manifest` is the file name of the record's manifest. `begun` is the number of the record with
    which the job began the output; later records of the job repeat the number. `forgets` is the
    file name of an earlier manifest: its units that the record's manifest lacks lose their files.
    """
    named = {**record, "manifest": manifest, "begun": begun, "forgets": forgets}
    return json.dumps(named, indent=1, ensure_ascii=False).encode()


def manifest_of(record: Mapping[str, Any]) -> str:
    """Return the file name of a record's manifest; raise JobError if the name is not valid.

    A valid name ends in `.shards` and has no slash.
    """
    name = record.get("manifest")
    if not isinstance(name, str) or "/" in name or not name.endswith(".shards"):
        raise JobError(f"output: its record names the manifest {name!r}: restore the record")
    return name


def check_still_own(layout: Layout, own: RecordId, fingerprint: str, storage: Storage) -> None:
    """Raise JobError if the output no longer belongs to the run's job.

    `own` is the record with which the run was planned, and `fingerprint` is that of the run's job.
    The output no longer belongs to the job if this record is gone or has other content, or if the
    newest record has another fingerprint or beginning. Another newer record is accepted: it names
    another manifest for the same job.
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
        newest, _ = read_record(layout, number, storage)
        is_own = is_own and newest["begun"] == parse_json(content)["begun"]
        is_own = is_own and fingerprint_of(newest) == fingerprint
    if not is_own:
        raise JobError(
            f"output: {layout.root}: another job began this output since this run began, so the "
            "run stopped: choose another output"
        )


def earlier_version(layout: Layout) -> JobError:
    """Return the error for an output of a version that no command reads."""
    return JobError(
        f"{layout.root}: an earlier version of shardmill wrote this output: read its "
        "Parquet files, but choose another output for a run"
    )


def damaged_record(path: str) -> JobError:
    """Return the error for a record or manifest that is damaged or gone."""
    return JobError(f"{path}: is damaged or gone: restore it, or choose another output")
