"""Reads the rows of an earlier output: verdicts, and texts as that job's filters left them."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import zip_longest
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.output.layout import Layout
from pipelines.output.unit_progress import find_unit_progress
from pipelines.planning.filters_from import EarlierOutput, earlier_filters
from pipelines.planning.redecide import Decision, Redecider
from pipelines.planning.resolved_job import ResolvedJob
from pipelines.reading import OpenUnit, RawSample
from pipelines.reading.parquet_ranges import read_batches
from pipelines.reading.text_fields import as_text
from pipelines.rows.row import Row
from pipelines.storage.paths import absolute
from pipelines.storage.storage import Storage
from schemas.errors import ShardFault
from schemas.sample import Text, TextBox, Unit
from schemas.tables import FOOTER_FINGERPRINT, IDENTITY, TEXT_BOXES, element_name

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
    ) -> None:
        """Read rows; with a `redecider`, rows whose verdicts may change are marked `anew`."""
        self._redecider = redecider
        self._layout = layout
        self._storage = storage
        self._fingerprint = earlier.fingerprint.encode()
        self._tasks = frozenset(earlier.asked)
        self._texts = ("key", *(("source_text",) if has_text else ()))
        self._carried = carried
        self._columns = [*IDENTITY, "sha256", *self._texts[1:], *carried]

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
        )

    @property
    def judges_again(self) -> bool:
        """Whether some samples may be judged again, and their texts are read from the shard."""
        return self._redecider is not None

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
                    stored = [name for name in TEXT_BOXES if name in file.schema_arrow.names]
                    columns = [*self._columns, *stored]
                    for batch in read_batches(file, stream, _BATCH, columns):
                        carried = {name: batch[name] for name in self._carried}
                        fixed = batch.drop_columns(list(self._carried)).to_pylist()
                        for position, values in enumerate(fixed):
                            if values["index"] >= first_index:
                                row = self._row(values)
                                self._add_carried(row, carried, position)
                                yield row
            except (pa.ArrowException, KeyError, ValueError):
                raise ShardFault("verdicts_damaged", 0) from None

    def _files(self, unit: Unit) -> Iterator[BinaryIO]:
        unit_progress = find_unit_progress(unit.name, self._layout, self._storage)
        if not unit_progress.complete:
            raise ShardFault("verdicts_missing", 0)
        for name in unit_progress.files:
            yield self._storage.open(self._layout.file(name))

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
            text_boxes=tuple(TextBox(**box) for box in values.get("text_boxes") or ()),
            redactions=Counter({each["infotype"]: each["count"] for each in values["redactions"]}),
        )
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


def join_images(
    rows: Iterable[Row],
    samples: Iterable[RawSample],
    shard: OpenUnit,
    read_row: Callable[[RawSample], Row],
) -> Iterator[Row]:
    """Yield the rows; each kept row gets the image of its sample.

    In place of a row marked `anew`, `read_row` makes a new one of the sample.

    Raises ShardFault if rows and samples do not have the same indices.
    """
    for row, sample in zip_longest(rows, samples):
        if row is None or sample is None or row.index != sample.index:
            raise shard.fault_here("shard_changed")
        row.position, row.left_out = shard.bytes_read, sample.left_out
        if row.anew:
            row = read_row(sample)
            row.anew = True
            yield row
            continue
        if row.kept and sample.fault:
            row.reject("invalid", sample.fault)
        elif row.kept:
            row.image = sample.image
        yield row
