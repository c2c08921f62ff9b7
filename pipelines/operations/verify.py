"""`shardmill verify`: reads a whole output back, and checks its files and its rows.

The numbers of the rows show whether a sample is missing or repeated. The shards are not read, so
samples that the run missed at the end of a shard do not show. A quick verification reads footers
alone, so that a damage of rows does not show.
"""

import errno
import io
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipelines.operations.stored_samples.recorded_job import recorded_job
from pipelines.output.counts import read_recorded_counts
from pipelines.output.fingerprint import fingerprint_of
from pipelines.output.footers import damaged_file
from pipelines.output.layout import Layout
from pipelines.output.output import Output, open_output
from pipelines.output.unit_progress import UnitProgress
from pipelines.reading.parquet_footer import MAGIC
from pipelines.reading.parquet_ranges import read_batches
from pipelines.storage.storage import Storage
from schemas.counted import counted
from schemas.errors import JobError
from schemas.frozen import Frozen
from schemas.report import Counts
from schemas.sample import Unit
from schemas.tables import (
    FOOTER_COUNTS,
    FOOTER_FINGERPRINT,
    FOOTER_SALVAGED,
    FOOTER_UNIT,
    FOOTER_VERSION,
    IDENTITY,
    PROVENANCE,
    SCHEMA_VERSION,
)
from schemas.units import count_shards

_UNITS_AT_ONCE = 4
_UNITS_AHEAD = 256  # units that are objects at the same time
_BATCH = 1 << 16  # rows checked at once
_REFUSED = (errno.EACCES, errno.EPERM, errno.EIO, errno.ESTALE)  # the file itself may be whole
_REDO = "delete it and run the job again"
_REMOVE = "move it away or delete it"
_WITHOUT_CONTENT = frozenset([*IDENTITY, *PROVENANCE]) - {
    "key"
}  # columns that may be filled in every row


class Verification(Frozen):
    """The result of reading an output back: counts, and one line for each problem."""

    units: int
    """The units of the job: its shards, or the pieces in which large shards are run."""
    shards: int
    """The shards of the job."""
    files: int
    """The files that were read."""
    counts: Counts
    """The samples of the committed rows."""
    problems: tuple[str, ...]
    """One line for each problem."""
    salvaged: tuple[str, ...] = ()
    """The files that end early because their shard is damaged, and why."""
    quick: bool = False
    """Whether only the footers of the files were read."""


@dataclass(slots=True)
class _Findings:
    files: int = 0
    counts: Counts = field(default_factory=Counts)
    problems: list[str] = field(default_factory=list)
    salvaged: list[str] = field(default_factory=list)

    def add(self, other: "_Findings") -> None:
        self.files += other.files
        self.counts += other.counts
        self.problems += other.problems
        self.salvaged += other.salvaged


def verify(
    output: str,
    storage: Storage | None = None,
    on_unit: Callable[[str], None] = lambda _: None,
    *,
    quick: bool = False,
) -> Verification:
    """Read and check the files of an output, with `quick` their footers alone.

    Raises JobError if the folder is no output.
    In each unit, checking stops at the first damaged file. JobError is also raised if the record or
    the manifest is damaged. `on_unit` gets the name of each unit that was checked.
    """
    opened = open_output(output, storage)
    part_size = opened.record["input"]["max_samples_per_file"]
    schema = _recorded_schema(opened)
    fingerprint = fingerprint_of(opened.record)
    check = _Check(opened.layout, opened.storage, fingerprint, schema, part_size, quick)
    strangers = opened.listing.strangers
    total = _Findings(
        problems=[f"{name}: is the file of no shard: {_REMOVE}" for name in strangers]
    )

    def check_unit(unit: Unit) -> _Findings:
        findings = check.unit(unit, opened.progress_of(unit))
        on_unit(unit.name)
        return findings

    recorded = read_recorded_counts(opened.layout, opened.listing, fingerprint, opened.storage)
    covered = Counts()
    units = zip(opened.units, recorded.covered.tolist(), strict=True)
    with ThreadPoolExecutor(_UNITS_AT_ONCE) as pool:
        while some := list(islice(units, _UNITS_AHEAD)):
            found = pool.map(check_unit, (unit for unit, _ in some))
            for findings, (_, is_covered) in zip(found, some, strict=True):
                total.add(findings)
                if is_covered:
                    covered += findings.counts
    if covered != recorded.counts and not total.problems:
        total.problems.append(
            "_shardmill/counts: says other numbers than the files: delete this folder, then run "
            "`shardmill finish`"
        )
    if opened.listing.has_success_file and total.problems:
        total.problems.append("_SUCCESS: is there although the output is not whole: mend the above")
    return Verification(
        units=len(opened.units),
        shards=count_shards(opened.units),
        files=total.files,
        counts=total.counts,
        problems=tuple(total.problems),
        salvaged=tuple(total.salvaged),
        quick=quick,
    )


def _recorded_schema(output: Output) -> pa.Schema | None:
    """Return the schema of the job in the newest record; None if the job cannot be read back.

    A job cannot be read back if it has filters or tasks of the user's own, or was begun by another
    version.
    """
    try:
        job = recorded_job(output)
    except JobError:
        return None
    given = job.input.with_types(output.record["resolved"].get("carried_types", {}))
    return job.model_copy(update={"input": given}).output_schema()


@dataclass(frozen=True, slots=True)
class _Check:
    layout: Layout
    storage: Storage
    fingerprint: str
    schema: pa.Schema | None  # None: not checked
    part_size: int  # samples in every part but the last
    quick: bool  # read footers alone

    def unit(self, unit: Unit, unit_progress: UnitProgress) -> _Findings:
        """Check the files of a unit in order, up to the first file that cannot be read.

        The rows of a unit must be numbered without a gap.
        """
        findings = _Findings()
        if not unit_progress.complete:
            parts = f"after part {unit_progress.parts - 1}" if unit_progress.parts else "at all"
            findings.problems.append(f"{unit.name}: not committed {parts}: run the job again")
        for number, name in enumerate(unit_progress.files):
            findings.files += 1
            last = unit_progress.complete and number == len(unit_progress.files) - 1
            try:
                first = unit.first_index + findings.counts.read
                counts, problems, fault = self._file(unit, name, first)
            except (pa.ArrowException, OSError, ValueError, KeyError) as error:
                if isinstance(error, OSError) and error.errno in _REFUSED:
                    findings.problems.append(
                        f"{name}: cannot be read: {error.strerror}: make it readable"
                    )
                    break
                damage = damaged_file(name, f"damaged ({type(error).__name__})")
                findings.problems.append(str(damage))
                break
            findings.counts += counts
            findings.salvaged += [f"{name}: {fault}"] if fault else []
            if not last and counts.read != self.part_size:
                problems.append(f"has {counted(counts.read, 'row')}, not {self.part_size}: {_REDO}")
            findings.problems += [f"{name}: {problem}" for problem in problems]
        return findings

    def _file(self, unit: Unit, name: str, first: int) -> tuple[Counts, list[str], str | None]:
        """Check one file; return its counts, its problems, and its fault; None if it has no fault.

        The counts are those of the footer. A file has a fault if it ends early because its shard is
        damaged.
        """
        with self.storage.open(self.layout.file(name)) as stream:
            stream.seek(0, io.SEEK_END)  # without a seek, a bucket would send the whole object
            if not self.quick:
                stream.seek(0)
                if stream.read(len(MAGIC)) != MAGIC:  # pyarrow checks the magic at the end alone
                    raise ValueError("no Parquet file")
            parquet = pq.ParquetFile(stream, page_checksum_verification=not self.quick)
            footer = {k.decode(): v.decode() for k, v in (parquet.metadata.metadata or {}).items()}
            counts = Counts.model_validate_json(footer[FOOTER_COUNTS])
            problems = list(self._check_footer(unit, footer))
            if self.schema is not None and not parquet.schema_arrow.equals(self.schema):
                problems.append(f"has other columns than the job writes: {_REDO}")
            elif self.quick:
                problems += _check_row_groups(parquet.metadata, first, counts)
            else:
                problems += _check_rows(read_batches(parquet, stream, _BATCH), unit, first, counts)
        return counts, problems, footer.get(FOOTER_SALVAGED)

    def _check_footer(self, unit: Unit, footer: Mapping[str, str]) -> Iterator[str]:
        if footer.get(FOOTER_FINGERPRINT) != self.fingerprint:
            yield f"was written by another job: {_REMOVE}, then run the job again"
        if (name := footer.get(FOOTER_UNIT)) != unit.name:
            yield f"is a file of {name or 'no shard'} under another name: {_REDO}"
        if (version := footer.get(FOOTER_VERSION)) != SCHEMA_VERSION:
            yield f"has schema version {version}, not {SCHEMA_VERSION}: {_REDO}"


def _check_row_groups(metadata: pq.FileMetaData, first: int, counts: Counts) -> list[str]:
    """Return one line for each kind of problem that the numbers of row groups show."""
    if metadata.num_rows != counts.read:
        return [f"the footer's counts are not those of the rows: {_REDO}"]
    for number in range(metadata.num_row_groups):
        group = metadata.row_group(number)
        index = next(
            group.column(n)
            for n in range(group.num_columns)
            if group.column(n).path_in_schema == "index"
        )
        last = first + group.num_rows - 1
        if index.is_stats_set and (index.statistics.min, index.statistics.max) != (first, last):
            return [f"rows are not numbered from {first} on without a gap: {_REDO}"]
        first = last + 1
    return []


def _check_rows(
    batches: Iterator[pa.RecordBatch], unit: Unit, first: int, counts: Counts
) -> list[str]:
    """Return one line for each kind of problem in the rows of a file."""
    statuses: Counter[str] = Counter()
    problems: dict[str, None] = {}  # a set in order
    expected = first
    for batch in batches:
        indexes = pa.array(range(expected, expected + len(batch)), pa.int64())
        if not batch["index"].equals(indexes):
            problems[f"rows are not numbered from {first} on without a gap"] = None
        expected += len(batch)
        if len(batch) and pc.unique(batch["shard"]).to_pylist() != [unit.shard]:
            problems["rows name another shard"] = None
        statuses.update(batch["status"].to_pylist())
        problems |= dict.fromkeys(_check_content(batch))
    # Counters are equal where they differ in zeros alone.
    if statuses != Counter(counts.by_status()):
        problems["the footer's counts are not those of the rows"] = None
    return [f"{problem}: {_REDO}" for problem in problems]


def _check_content(batch: pa.RecordBatch) -> Iterator[str]:
    """Yield a line for each kind of problem: content or a reason that does not fit the status."""
    is_kept = pc.equal(batch["status"], "kept")
    kept, others = batch.filter(is_kept), batch.filter(pc.invert(is_kept))
    if kept["sha256"].null_count:
        yield "rows that were kept have no content"
    if others["reason"].null_count:
        yield "rows that were not kept have no reason"
    for column in batch.schema.names:
        if column not in _WITHOUT_CONTENT and others[column].null_count < len(others):
            yield f"rows that were not kept have content in {column}"
