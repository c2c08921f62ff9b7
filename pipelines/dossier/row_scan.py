"""Reads what only rows tell: hosts of URLs, licenses, sizes of images, statuses of answers.

Rows are read in batches, and hosts are counted in a temporary file, so that memory is bounded.
"""

import re
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from filters.fields.url_host import url_host
from pipelines.concurrency.temporary_folder import temporary_folder
from schemas.tables import carried_columns, info_name

_URL_COLUMN = re.compile(r"(?:.*_)?(?:url|uri|link)", re.IGNORECASE)
_LICENSE_COLUMN = re.compile(r"(?:.*_)?licen[cs]e(?:_.*)?", re.IGNORECASE)
_MOST_LICENSES = 1000  # distinct values that are counted one by one
_MOST_HOSTS = 1000  # that are named
_LONGEST = 300  # characters of a license
NO_HOST = "(no valid host)"
OTHER = "(others)"

Batches = Iterator[pa.RecordBatch]


@dataclass(slots=True)
class RowScan:
    """What the kept rows of an output tell."""

    kept: int = 0
    sides: tuple[int, int] | None = None  # pixels: the shortest and the longest side of an image
    seconds: float = 0.0  # of videos
    characters: int = 0  # of source texts
    statuses: dict[str, Counter[str]] = field(default_factory=dict)  # task -> status -> answers
    tokens: Counter[str] = field(default_factory=Counter)  # task -> tokens of answers
    url_column: str | None = None
    hosts: list[tuple[str, int]] = field(default_factory=list)  # the commonest ones, then by name
    num_hosts: int = 0
    license_column: str | None = None
    licenses: Counter[str] = field(default_factory=Counter)


def scanned_columns(schema: pa.Schema, tasks: Sequence[str]) -> list[str]:
    """Return the columns that `scan_rows` reads of files with this schema."""
    wanted = ["status", "width", "height", "duration", "source_text"]
    wanted += [f"{info_name(task)}.{name}" for task in tasks for name in ("status", "num_tokens")]
    wanted += [name for name in (url_column(schema), license_column(schema)) if name]
    return [name for name in wanted if name.partition(".")[0] in schema.names]


def url_column(schema: pa.Schema) -> str | None:
    """Return the first carried column of texts that is named like a URL; None if there is none."""
    return _carried(schema, _URL_COLUMN)


def license_column(schema: pa.Schema) -> str | None:
    """Return the first carried column of texts named like a license; None if there is none."""
    return _carried(schema, _LICENSE_COLUMN)


def _carried(schema: pa.Schema, pattern: re.Pattern[str]) -> str | None:
    texts = (name for name in carried_columns(schema) if schema.field(name).type == pa.string())
    return next((name for name in texts if pattern.fullmatch(name)), None)


def scan_rows(
    schema: pa.Schema, tasks: Sequence[str], batches: Callable[[Sequence[str]], Batches]
) -> RowScan:
    """Scan the rows of an output; `batches` yields the rows of the given columns."""
    found = RowScan(url_column=url_column(schema), license_column=license_column(schema))
    found.statuses = {task: Counter() for task in tasks}
    with temporary_folder() as folder:
        hosts = HostCounts(folder / "hosts")
        with closing(hosts):
            for batch in batches(scanned_columns(schema, tasks)):
                _add(found, batch.filter(pc.equal(batch["status"], "kept")), tasks, hosts)
            found.hosts, found.num_hosts = hosts.commonest(_MOST_HOSTS), hosts.number()
    return found


def _add(found: RowScan, batch: pa.RecordBatch, tasks: Sequence[str], hosts: "HostCounts") -> None:
    if not len(batch):
        return
    found.kept += len(batch)
    for name in ("width", "height"):
        ends = pc.min_max(batch[name]).as_py()
        if ends["min"] is not None:
            low, high = found.sides or (ends["min"], ends["max"])
            found.sides = min(low, ends["min"]), max(high, ends["max"])
    names = batch.schema.names
    if "duration" in names and pa.types.is_floating(batch["duration"].type):
        found.seconds += pc.sum(batch["duration"]).as_py() or 0
    if "source_text" in names:
        found.characters += pc.sum(pc.utf8_length(batch["source_text"])).as_py() or 0
    for task in tasks:
        info = batch[info_name(task)]
        status = pc.fill_null(pc.struct_field(info, "status"), "skipped")
        found.statuses[task].update(_counted(status))
        found.tokens[task] += pc.sum(pc.struct_field(info, "num_tokens")).as_py() or 0
    if found.url_column:
        urls = _counted(batch[found.url_column])
        hosts.add((url_host(url) or NO_HOST, number) for url, number in urls.items())
    if found.license_column:
        for value, number in sorted(_counted(batch[found.license_column]).items()):
            name = value[:_LONGEST]
            room = name in found.licenses or len(found.licenses) < _MOST_LICENSES
            found.licenses[name if room else OTHER] += number


def _counted(values: pa.Array) -> Mapping[str, int]:
    """Return each text and how often it occurs; nulls are left out."""
    pairs = pc.value_counts(pc.drop_null(values)).to_pylist()
    return {pair["values"]: pair["counts"] for pair in pairs}


class HostCounts:
    """The numbers of URLs of each host, in a file."""

    def __init__(self, path: Path) -> None:
        self._database = sqlite3.connect(path, isolation_level=None)
        self._database.execute("PRAGMA journal_mode = OFF")
        self._database.execute("PRAGMA synchronous = OFF")
        self._database.execute(
            "CREATE TABLE host (name TEXT PRIMARY KEY, number INT) WITHOUT ROWID"
        )

    def add(self, hosts: Iterator[tuple[str, int]]) -> None:
        sums: Counter[str] = Counter()
        for name, number in hosts:
            sums[name] += number
        self._database.execute("BEGIN")
        self._database.executemany(
            "INSERT INTO host VALUES (?, ?) "
            "ON CONFLICT (name) DO UPDATE SET number = number + excluded.number",
            sorted(sums.items()),
        )
        self._database.execute("COMMIT")

    def number(self) -> int:
        """Return how many different hosts there are."""
        query = "SELECT count(*) FROM host WHERE name != ?"
        return int(self._database.execute(query, [NO_HOST]).fetchone()[0])

    def commonest(self, number: int) -> list[tuple[str, int]]:
        query = "SELECT name, number FROM host ORDER BY number DESC, name LIMIT ?"
        return list(self._database.execute(query, [number]))

    def close(self) -> None:
        self._database.close()
