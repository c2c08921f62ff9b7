"""Reads the rows of an earlier output: verdicts, and texts as that job's filters left them."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from itertools import zip_longest
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.config.condition import Condition
from pipelines.output.layout import Layout
from pipelines.output.unit_progress import find_unit_progress
from pipelines.planning.decisions import (
    ACCEPTED_SCORE,
    CHANGED,
    REJECTED,
    REVIEW,
    Decisions,
    SampleDecision,
    read_decisions,
)
from pipelines.planning.filters_from import EarlierOutput, earlier_filters
from pipelines.planning.redecide import Decision, Redecider
from pipelines.planning.resolved_job import ResolvedJob
from pipelines.planning.selection import NOT_SELECTED, WHERE
from pipelines.reading import OpenUnit, RawSample
from pipelines.reading.parquet_ranges import read_batches
from pipelines.reading.text_fields import as_text
from pipelines.rows.row import Row, RowImage
from pipelines.rows.sample_digest import sample_digest
from pipelines.storage.paths import absolute
from pipelines.storage.storage import Storage
from schemas.errors import JobError, ShardFault
from schemas.sample import Text, TextBox, Unit
from schemas.tables import FOOTER_FINGERPRINT, IDENTITY, IMAGES, TEXT_BOXES, element_name, is_own

_BATCH = 256  # rows in memory at a time


class EarlierRows:
    """The rows of the output that the job's `filters_from` names."""

    def __init__(
        self,
        layout: Layout,
        storage: Storage,
        earlier: EarlierOutput,
        *,
        has_text: bool,
        carried: Mapping[str, pa.DataType],
        redecider: Redecider | None = None,
        decisions: Decisions | None = None,
        condition: Condition | None = None,
    ) -> None:
        """Read rows; with a `redecider`, rows whose verdicts may change are marked `anew`.

        `decisions` are a person's about samples of the earlier output. Kept rows that do not
        fulfill the `condition` are dropped; a sample that was not kept has nothing to compare.
        """
        self._condition = condition
        self._redecider = redecider
        self._decisions = decisions
        self._num_filters = len(earlier.ran)
        self._layout = layout
        self._storage = storage
        self._fingerprint = earlier.fingerprint.encode()
        self._tasks = frozenset(earlier.asked)
        self._texts = ("key", *(("source_text",) if has_text else ()))
        self._carried = carried
        self._columns = [*IDENTITY, "sha256", *self._texts[1:]]

    @classmethod
    def of_job(cls, work: ResolvedJob) -> "EarlierRows | None":
        """Return the rows of the job's earlier output; None if the job has no `filters_from`."""
        output, earlier = work.job.filters_from, work.resolved.filters_from
        if output is None or earlier is None:
            return None
        before, after = earlier_filters(work.job, earlier)
        evaluate_all = earlier.evaluate == "all"
        return cls(
            Layout(absolute(output, work.folder)),
            work.job.open_storage(),
            earlier,
            has_text=work.job.input.text is not None,
            carried=work.input.column_types(),
            redecider=Redecider(before, after, evaluate_all=evaluate_all) if after else None,
            decisions=_decisions(work),
            condition=None if work.job.where is None else Condition(work.job.where),
        )

    @property
    def judges_again(self) -> bool:
        """Whether some samples may be judged again, and their texts are read from the shard."""
        return self._redecider is not None

    def decide(self, row: Row, read_row: Callable[[], Row]) -> Row:
        """Return the row as a person's decision leaves it; `read_row` reads its sample again.

        An accepted row is to be judged again, and the quarantine of the earlier filters does not
        count. If the sample is not the one that the person saw, the row is quarantined.
        """
        decision = self._decisions.of(row.shard, row.index) if self._decisions else None
        if row.filter == WHERE:  # the job does not take the sample
            return row
        if decision is None or not _can_change(row, decision):
            return row
        fresh = read_row()
        is_same = sample_digest(fresh) == decision.digest
        if is_same and decision.accepted:
            row.anew, row.overruled = True, self._num_filters
            return row
        row.status = "kept"  # forget the earlier verdict: this one replaces it
        if is_same:
            row.reject("dropped", REJECTED, REVIEW)
        else:
            row.reject("quarantined", CHANGED, REVIEW)
        row.anew, row.closed = False, True
        return row

    def rows(self, unit: Unit, first_index: int) -> Iterator[Row]:
        """Yield the unit's rows from `first_index` on; kept rows have texts and the image's digest.

        Raises ShardFault if the earlier output has not committed the unit, or a file is damaged.
        """
        for stream in self._files(unit):
            try:
                with stream:
                    file = pq.ParquetFile(stream, page_checksum_verification=True)
                    footer = file.metadata.metadata or {}
                    if footer[FOOTER_FINGERPRINT.encode()] != self._fingerprint:
                        raise ShardFault("verdicts_damaged", 0)
                    schema = file.schema_arrow
                    found = {column.name for column in schema if is_own(column)}
                    stored = [
                        name
                        for name in (*TEXT_BOXES, *IMAGES)
                        if name in found and name not in self._tasks
                    ]
                    asked = self._condition.columns(schema) if self._condition else []
                    columns = [*dict.fromkeys([*self._columns, *stored, *self._carried, *asked])]
                    for batch in read_batches(file, stream, _BATCH, columns):
                        carried = {name: batch[name] for name in self._carried}
                        selected = self._selected(batch)
                        fixed = batch.select([*self._columns, *stored]).to_pylist()
                        for position, values in enumerate(fixed):
                            if values["index"] >= first_index:
                                row = self._row(values)
                                self._add_carried(row, carried, position)
                                if row.kept and not selected[position]:
                                    row.anew, row.closed = False, True
                                    row.reject("dropped", NOT_SELECTED, WHERE)
                                yield row
            except (pa.ArrowException, KeyError, ValueError):
                raise ShardFault("verdicts_damaged", 0) from None

    def _files(self, unit: Unit) -> Iterator[BinaryIO]:
        unit_progress = find_unit_progress(unit.name, self._layout, self._storage)
        if not unit_progress.complete:
            raise ShardFault("verdicts_missing", 0)
        for name in unit_progress.files:
            yield self._storage.open(self._layout.file(name))

    def _selected(self, batch: pa.RecordBatch) -> list[bool]:
        return self._condition.select(batch) if self._condition else [True] * len(batch)

    def _row(self, values: Mapping[str, Any]) -> Row:
        row = Row(
            values["shard"],
            values["index"],
            status=values["status"],
            closed=values["status"] != "kept",
            filter=values["filter"] or "",
            reason=values["reason"] or "",
            error=values["error"] or "",
            sha256=values["sha256"] or "",
            scores={
                score["name"]: score["value"]
                for score in values["scores"]
                if not self._is_of_answer(score["name"])
            },
            others=[RowImage(sha256=each["sha256"]) for each in (values.get("images") or ())[1:]],
            text_boxes=tuple(TextBox(**box) for box in values.get("text_boxes") or ()),
            redactions=Counter({each["infotype"]: each["count"] for each in values["redactions"]}),
        )
        row.overruled = int(row.scores.get(ACCEPTED_SCORE, 0))
        row.texts = {name: Text(values[name]) for name in self._texts if values[name] is not None}
        if self._redecider is not None:
            stored = Decision(row.status, row.filter, row.reason)
            row.anew = self._redecider.decision(stored, row.scores) != stored
        return row

    def _add_carried(self, row: Row, columns: Mapping[str, pa.Array], position: int) -> None:
        """Add the carried values at a position of a batch to a row, as texts and in their types."""
        for name, column in columns.items():
            value = column[position]
            if not value.is_valid:
                continue
            if pa.types.is_list(column.type):
                for number, element in enumerate(value.as_py()):
                    row.texts[element_name(name, number)] = Text(element)
            elif column.type == pa.string():
                row.texts[name] = Text(value.as_py())
            else:
                row.values[name] = value
                row.texts[name] = Text(as_text(value))

    def _is_of_answer(self, score: str) -> bool:
        """Return whether a score, `filter.task.score`, is about an answer of the earlier job."""
        path = score.split(".")
        return len(path) > 2 and path[1] in self._tasks


def _decisions(work: ResolvedJob) -> Decisions | None:
    """Read the job's decisions; raise JobError if the file has changed since it was planned."""
    path = work.job.decisions
    if path is None:
        return None
    decisions = read_decisions(path, work.job.open_storage(), work.folder)
    if decisions.sha256 != work.resolved.files[path]:
        raise JobError(
            f"decisions: {path} has changed since the job was planned: put it back, or choose "
            "another output"
        )
    return decisions


def _can_change(row: Row, decision: SampleDecision) -> bool:
    """Return whether a decision matters to a row: rejected rows are not kept, accepted ones are."""
    statuses = ("quarantined",) if decision.accepted else ("quarantined", "kept")
    return row.status in statuses


def join_images(
    rows: Iterable[Row],
    samples: Iterable[RawSample],
    shard: OpenUnit,
    read_row: Callable[[RawSample], Row],
    decide: Callable[[Row, Callable[[], Row]], Row],
) -> Iterator[Row]:
    """Yield the rows; each kept row gets the image of its sample.

    In place of a row marked `anew`, `read_row` makes a new one of the sample. `decide` applies a
    person's decision to a row.

    Raises ShardFault if rows and samples do not have the same indices.
    """
    for row, sample in zip_longest(rows, samples):
        if row is None or sample is None or row.index != sample.index:
            raise shard.fault_here("shard_changed")
        row.position, row.left_out = shard.bytes_read, sample.left_out
        row = decide(row, partial(read_row, sample))
        if row.anew:
            overruled = row.overruled
            row = read_row(sample)
            row.anew, row.overruled = True, overruled
            if overruled:
                row.scores[ACCEPTED_SCORE] = overruled
            yield row
            continue
        if row.kept and sample.fault:
            row.reject("invalid", sample.fault)
        elif row.kept:
            row.image = sample.image
            if len(row.others) != len(sample.others):
                raise shard.fault_here("shard_changed")
            for each, image in zip(row.others, sample.others, strict=True):
                each.image = image
        yield row
