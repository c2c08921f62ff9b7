"""Compares a person's decisions with the rows of the earlier output, before any work starts."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import pyarrow as pa

from pipelines.config.job import Job
from pipelines.output.footers import damaged_file
from pipelines.output.output import Output
from pipelines.planning.decisions import Decisions, SampleDecision, read_decisions
from pipelines.planning.filters_from import EarlierOutput, filters_to_run
from pipelines.reading.parquet_ranges import read_batches
from schemas.counted import counted
from schemas.errors import JobError
from schemas.frozen import Frozen
from schemas.regular_file import NotRegularFile
from schemas.sample import Unit
from schemas.units import Units

_COLUMNS = ["index", "status", "filter"]
_BATCH = 1 << 16  # rows


class DecisionCounts(Frozen):
    """What the decisions of a job's file are about."""

    accepted: int = 0
    """The quarantined samples that a person accepted."""
    rejected: int = 0
    """The quarantined and kept samples that a person rejected."""
    ineffective: int = 0
    """The decisions that change nothing: about kept samples accepted, or rejected ones dropped."""
    elsewhere: int = 0
    """The decisions about shards that the job does not read."""
    unknown: int = 0
    """The decisions about samples that the earlier output does not have."""
    first_unknown: str = ""
    """The first of the unknown samples; empty if there is none."""

    def lines(self) -> Iterator[str]:
        """Yield the counts in words."""
        yield f"{counted(self.accepted, 'sample')} accepted, {self.rejected:,} rejected"
        if self.ineffective:
            yield f"{self.ineffective} change nothing: the sample is kept or dropped already"
        if self.elsewhere:
            yield f"{self.elsewhere} are about shards that this job does not read"
        if self.unknown:
            yield (
                f"{self.unknown:,} are about samples that do not exist, such as "
                f"{self.first_unknown}"
            )


def check_decisions(job: Job, earlier: Output, units: Units) -> DecisionCounts:
    """Read the job's decisions, and the earlier rows that they are about.

    Only the files of shards with decisions are read. Raises JobError if a decision accepts a sample
    that no person may accept: one that was dropped or is invalid, or one that a filter put aside
    that never shows samples, such as a list of hashes.
    """
    assert job.decisions is not None, "the caller checks it"
    decisions = read_decisions(job.decisions, job.open_storage())
    filters = filters_to_run(job, EarlierOutput.from_record(earlier.record))
    concealing = {name for name, stage in filters.items() if stage.conceals}
    by_shard = decisions.by_shard()
    own = set(units.column("shard"))
    known: dict[str, list[Unit]] = {}
    for unit in earlier.units:
        if unit.shard in by_shard:
            known.setdefault(unit.shard, []).append(unit)
    counts: Counter[str] = Counter()
    unknown: list[tuple[int, str]] = []  # line of the file, sample
    for shard, samples in by_shard.items():
        if shard in known and shard not in own:
            counts["elsewhere"] += len(samples)
            continue
        rows = _rows(known.get(shard, []), samples, earlier)
        for index, decision in samples.items():
            if index not in rows:
                unknown.append((decision.line, f"sample {index} of {shard}"))
                continue
            counts[_effect(decision, rows[index], concealing, decisions, (shard, index))] += 1
    first = min(unknown, default=(0, ""))[1]
    return DecisionCounts(**counts, unknown=len(unknown), first_unknown=first)


def _effect(
    decision: SampleDecision,
    row: Mapping[str, Any],
    concealing: set[str],
    decisions: Decisions,
    sample: tuple[str, int],
) -> str:
    """Return the field of DecisionCounts in which a decision counts."""
    status, by = row["status"], row["filter"] or ""
    if not decision.accepted:
        return "rejected" if status in ("kept", "quarantined") else "ineffective"
    if status == "kept":
        return "ineffective"
    if status == "quarantined" and by not in concealing:
        return "accepted"
    shard, index = sample
    raise JobError(
        f"decisions: {decisions.path}, line {decision.line}: sample {index} of {shard} was "
        f"{status}{f' by {by}' if by else ''}: only quarantined samples can be accepted, and none "
        "that a list of hashes put aside: delete the line"
    )


def _rows(
    units: list[Unit], samples: Mapping[int, SampleDecision], earlier: Output
) -> dict[int, dict[str, Any]]:
    """Return the earlier rows of a shard that decisions are about, by index."""
    import pyarrow.compute as pc  # both are slow imports
    import pyarrow.parquet as pq

    found: dict[int, dict[str, Any]] = {}
    wanted = pa.array(sorted(samples), pa.int64())
    for unit in units:
        for name in earlier.progress_of(unit).files:
            path = earlier.layout.file(name)
            try:
                with earlier.storage.open(path) as stream:
                    file = pq.ParquetFile(stream)
                    for batch in read_batches(file, stream, _BATCH, _COLUMNS):
                        chosen = batch.filter(pc.is_in(batch["index"], wanted))
                        found |= {row["index"]: row for row in chosen.to_pylist()}
            except (pa.ArrowException, NotRegularFile):
                raise damaged_file(path) from None
    return found
