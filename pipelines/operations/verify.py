"""Reading a whole output back: is every sample there once, as the footers and the job say?"""

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipelines.output.layout import Layout
from pipelines.output.listing import UnitProgress
from pipelines.output.output import open_output
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

_AT_ONCE = 4  # units read at the same time
_WITHOUT_CONTENT = frozenset(IDENTITY) - {"key"}  # columns that rows not kept may fill


class Verification(Frozen):
    """What was read, and everything found wrong with it, one line each."""

    units: int
    files: int
    counts: Counts
    problems: tuple[str, ...]
    salvaged: tuple[str, ...] = ()  # files that end where their shard was damaged, and why


@dataclass(slots=True)
class _Findings:
    files: int = 0
    counts: Counts = field(default_factory=Counts)
    problems: list[str] = field(default_factory=list)
    salvaged: list[str] = field(default_factory=list)


def verify(
    output: str, storage: Storage | None = None, on_unit: Callable[[str], None] = lambda _: None
) -> Verification:
    """Read every file of an output; JobError where it is none."""
    opened = open_output(output, storage)
    part_size = opened.record["input"]["max_samples_per_file"]
    check = _Check(opened.layout, opened.storage, fingerprint_of(opened.record), part_size)
    strangers = opened.contents.strangers
    total = _Findings(problems=[f"{name}: belongs to no unit" for name in strangers])

    def of_unit(unit: Unit) -> _Findings:
        found = check.unit(unit, opened.progress_of(unit))
        on_unit(unit.name)
        return found

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for found in pool.map(of_unit, opened.units):
            total.files += found.files
            total.counts += found.counts
            total.problems += found.problems
            total.salvaged += found.salvaged
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
    part_size: int

    def unit(self, unit: Unit, unit_progress: UnitProgress) -> _Findings:
        """All files of a unit, whose rows must be numbered on from its first, none left out."""
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
                findings.problems.append(
                    f"{name}: damaged ({type(error).__name__}): delete it and run the job again"
                )
                break
            findings.counts += counts
            findings.salvaged += [f"{name}: {fault}"] if fault else []
            if not last and counts.read != self.part_size:
                problems.append(f"{counts.read} rows in a part of {self.part_size}")
            findings.problems += [f"{name}: {problem}" for problem in problems]
        return findings

    def _file(self, unit: Unit, name: str, first: int) -> tuple[Counts, list[str], str | None]:
        """Counts, problems, and why the shard could not be read on if it was salvaged."""
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
    told = {"kept": counts.kept, "dropped": counts.dropped}
    told |= {"quarantined": counts.quarantined, "invalid": counts.invalid}
    if statuses != Counter({status: number for status, number in told.items() if number}):
        problems.append("the footer's counts are not those of the rows")
    return problems
