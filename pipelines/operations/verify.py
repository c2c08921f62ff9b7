"""`shardmill verify`: reads a whole output back and checks that every sample is there once."""

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipelines.output.footers import damaged_file
from pipelines.output.layout import Layout
from pipelines.output.output import open_output
from pipelines.output.unit_progress import UnitProgress
from pipelines.planning.fingerprint import fingerprint_of
from pipelines.storage.storage import Storage
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
    SCHEMA_VERSION,
)

_UNITS_AT_ONCE = 4
_WITHOUT_CONTENT = frozenset(IDENTITY) - {"key"}  # columns that may be filled in every row


class Verification(Frozen):
    """The result of reading an output: counts, and one line per problem."""

    units: int
    files: int
    counts: Counts
    problems: tuple[str, ...]
    salvaged: tuple[str, ...] = ()  # files that end early because their shard is damaged, and why


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
    output: str, storage: Storage | None = None, on_unit: Callable[[str], None] = lambda _: None
) -> Verification:
    """Read and check every file of an output; raise JobError if the folder is no output."""
    opened = open_output(output, storage)
    part_size = opened.record["input"]["max_samples_per_file"]
    check = _Check(opened.layout, opened.storage, fingerprint_of(opened.record), part_size)
    strangers = opened.listing.strangers
    total = _Findings(problems=[f"{name}: belongs to no unit" for name in strangers])

    def check_unit(unit: Unit) -> _Findings:
        findings = check.unit(unit, opened.progress_of(unit))
        on_unit(unit.name)
        return findings

    with ThreadPoolExecutor(_UNITS_AT_ONCE) as pool:
        for findings in pool.map(check_unit, opened.units):
            total.add(findings)
    return Verification(
        units=len(opened.units),
        files=total.files,
        counts=total.counts,
        problems=tuple(total.problems),
        salvaged=tuple(total.salvaged),
    )


@dataclass(frozen=True, slots=True)
class _Check:
    layout: Layout
    storage: Storage
    fingerprint: str
    part_size: int  # samples in every part but the last

    def unit(self, unit: Unit, unit_progress: UnitProgress) -> _Findings:
        """Check the files of a unit in order, up to the first damaged file.

        The rows of a unit must be numbered without a gap.
        """
        findings = _Findings()
        if not unit_progress.complete:
            parts = f"after part {unit_progress.parts - 1}" if unit_progress.parts else "at all"
            findings.problems.append(f"{unit.name}: not committed {parts}")
        for number, name in enumerate(unit_progress.files):
            findings.files += 1
            last = unit_progress.complete and number == len(unit_progress.files) - 1
            try:
                first = unit.first_index + findings.counts.read
                counts, problems, fault = self._file(unit, name, first)
            except (pa.ArrowException, OSError, ValueError, KeyError) as error:
                if isinstance(error, OSError) and error.errno is not None:
                    findings.problems.append(f"{name}: cannot be read: {error.strerror}")
                    break
                damage = damaged_file(name, f"damaged ({type(error).__name__})")
                findings.problems.append(str(damage))
                break
            findings.counts += counts
            findings.salvaged += [f"{name}: {fault}"] if fault else []
            if not last and counts.read != self.part_size:
                problems.append(f"{counts.read} rows in a part of {self.part_size}")
            findings.problems += [f"{name}: {problem}" for problem in problems]
        return findings

    def _file(self, unit: Unit, name: str, first: int) -> tuple[Counts, list[str], str | None]:
        """Check one file; return counts, problems, and the fault if the file ends early."""
        with self.storage.open(self.layout.file(name)) as stream:
            parquet = pq.ParquetFile(stream, page_checksum_verification=True)
            footer = {k.decode(): v.decode() for k, v in (parquet.metadata.metadata or {}).items()}
            counts = Counts.model_validate_json(footer[FOOTER_COUNTS])
            expected = {
                FOOTER_VERSION: SCHEMA_VERSION,
                FOOTER_FINGERPRINT: self.fingerprint,
                FOOTER_UNIT: unit.name,
            }
            problems = [f"{k} is not {v}" for k, v in expected.items() if footer.get(k) != v]
            problems += _check_rows(parquet.iter_batches(), unit, first, counts)
        return counts, problems, footer.get(FOOTER_SALVAGED)


def _check_rows(
    batches: Iterator[pa.RecordBatch], unit: Unit, first: int, counts: Counts
) -> list[str]:
    statuses: Counter[str] = Counter()
    problems = []
    expected = first
    for batch in batches:
        indexes = pa.array(range(expected, expected + len(batch)), pa.int64())
        if not batch["index"].equals(indexes):
            problems.append(f"rows are not numbered from {expected}")
        expected += len(batch)
        if len(batch) and pc.unique(batch["shard"]).to_pylist() != [unit.shard]:
            problems.append("rows name another shard")
        statuses.update(batch["status"].to_pylist())
        others = batch.filter(pc.not_equal(batch["status"], "kept"))
        for column in batch.schema.names:
            if column not in _WITHOUT_CONTENT and others[column].null_count < len(others):
                problems.append(f"rows that were not kept have content in {column}")
    # Counters are equal where they differ in zeros alone.
    if statuses != Counter(counts.by_status()):
        problems.append("the footer's counts are not those of the rows")
    return problems
