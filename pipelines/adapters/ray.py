"""Shardmill's steps for Ray Data of your own: callable classes for `map_batches`.

    units = ray.data.from_items(unit_rows(job))
    samples = units.map_batches(ReadShards, fn_constructor_args=(job,), batch_size=1, ...)
    judged = samples.map_batches(ApplyFilters, fn_constructor_args=(job,), ...)
    answered = judged.map_batches(Annotate, fn_constructor_args=(job,), ...)

All of them take and return Arrow tables (`batch_format="pyarrow"`). Every sample stays a row with
its status; a sample that was not kept loses its content. Ray only calls these classes, so nothing
here imports Ray.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import pyarrow as pa

from pipelines.adapters.steps import (
    Answered,
    Fault,
    Rejected,
    SampleAnnotator,
    SampleFilter,
    SampleReader,
)
from pipelines.config.input import Input
from pipelines.config.job import Job
from pipelines.planning.plan import first_units, resolve_with_types
from pipelines.planning.resolve import resolve
from schemas.sample import Sample, Text, Unit
from schemas.tables import INFO, LOGPROBS, info_name, logprobs_name

_TABLE = 64  # samples in a table, few because images are large
_TEXTS = pa.map_(pa.string(), pa.struct([("value", pa.string()), ("language", pa.string())]))
SAMPLES = pa.schema(  # the schema that ReadShards and ApplyFilters return
    [
        ("shard", pa.string()),
        ("index", pa.int64()),  # identifies the sample, with shard; null in a row that is failed
        ("status", pa.string()),  # kept | dropped | quarantined | invalid | failed
        ("filter", pa.string()),
        ("reason", pa.string()),
        ("image", pa.large_binary()),  # this and all columns below: null unless kept
        ("width", pa.int32()),
        ("height", pa.int32()),
        ("num_frames", pa.int32()),
        ("duration", pa.float64()),  # seconds of a video; null: an image, or a file without times
        ("fps", pa.float64()),
        ("is_video", pa.bool_()),
        ("texts", _TEXTS),  # key, source_text and the carried columns
    ]
)
# Tables have another column, `values`, if carried columns have other types than text: a struct with
# a field for each, null where a filter redacted the text of the value. In a job with `input.images`
# they also have `others`: the encoded images after the first.
_OTHERS = pa.list_(pa.large_binary())


def value_types(given: Input) -> dict[str, pa.DataType]:
    """Return the types of the carried columns whose values are not text, by column."""
    types = given.column_types()
    return {
        name: kind
        for name, kind in types.items()
        if kind != pa.string() and not pa.types.is_list(kind)
    }


def unit_rows(job: Job) -> list[dict[str, Any]]:
    """Return the units of a job as rows for a Ray dataset.

    With one block for each row (`override_num_blocks=len(rows)`), units are read in parallel.
    """
    return [asdict(unit) for unit in first_units(job)]


class ReadShards:
    """A callable class that reads the unfiltered samples of units.

    A shard that cannot be read to its end gives a last row with status `failed` and the reason.
    """

    def __init__(self, job: Job) -> None:
        work = resolve_with_types(job)
        self._reader = SampleReader(work)
        self._types = value_types(work.input)
        self._has_others = work.input.images is not None

    def __call__(self, batch: pa.Table) -> Iterator[pa.Table]:
        for row in batch.to_pylist():
            ends = row["slice"]
            unit = Unit(**{**row, "slice": ends and (ends[0], ends[1])})
            found: list[Sample | Rejected | Fault] = []
            for each in self._reader.samples(unit):
                found.append(each)
                if len(found) == _TABLE:
                    yield _table(found, self._types, self._has_others)
                    found = []
            yield _table(found, self._types, self._has_others)


class ApplyFilters:
    """A callable class that runs the job's filters on samples.

    Redactions replace texts; a row that is not kept loses its content.
    """

    def __init__(self, job: Job) -> None:
        self._filter = SampleFilter(resolve(job))

    def __call__(self, batch: pa.Table) -> pa.Table:
        return _merged(batch, self._filter.judge(_samples(batch)))


class Annotate:
    """A callable class that runs the job's tasks on kept samples.

    Each task adds its columns, as in an output; the image column is removed.
    """

    def __init__(self, job: Job) -> None:
        self._annotator = SampleAnnotator(resolve(job))
        self._tasks = job.tasks

    def __call__(self, batch: pa.Table) -> pa.Table:
        found = self._annotator.annotate(_samples(batch))
        passed = [each.sample if isinstance(each, Answered) else each for each in found]
        table = _merged(batch, passed).drop_columns("image")
        if "others" in table.column_names:
            table = table.drop_columns("others")
        answered = iter(each.answers if isinstance(each, Answered) else {} for each in found)
        rows = [next(answered) if s == "kept" else {} for s in batch["status"].to_pylist()]
        for name, task in self._tasks.items():
            given = [row.get(name) for row in rows]
            values = pa.array([answer.value if answer else None for answer in given], task.column)
            infos = pa.array([answer.info() if answer else None for answer in given], INFO)
            table = table.append_column(name, values).append_column(info_name(name), infos)
            if task.logprobs:
                logprobs = [answer.logprobs if answer else None for answer in given]
                table = table.append_column(logprobs_name(name), pa.array(logprobs, LOGPROBS))
        return table


def _samples(batch: pa.Table) -> list[Sample]:
    """Return the rows with status `kept` as samples."""
    return [
        Sample(
            row["shard"],
            row["index"],
            {name: Text(**text) for name, text in row["texts"]},
            row["image"],
            row["width"],
            row["height"],
            num_frames=row["num_frames"],
            values=_values(batch, position),
            others=tuple(row.get("others") or ()),
            duration=row["duration"],
            fps=row["fps"],
            is_video=row["is_video"],
        )
        for position, row in enumerate(_without_values(batch).to_pylist())
        if row["status"] == "kept"
    ]


def _without_values(batch: pa.Table) -> pa.Table:
    """Return the batch without the values, which not all are Python's own."""
    return batch.drop_columns(["values"]) if "values" in batch.column_names else batch


def _values(batch: pa.Table, position: int) -> dict[str, pa.Scalar]:
    """Return the carried values of a row in their own types, by column."""
    if "values" not in batch.column_names:
        return {}
    values = batch["values"][position]
    return {name: value for name, value in values.items() if value.is_valid}


def _merged(batch: pa.Table, judged: Iterable[Sample | Rejected]) -> pa.Table:
    """Return the batch, with each kept row replaced by the result of its sample."""
    results = iter(judged)
    before = _without_values(batch).to_pylist()
    rows = [_row(next(results)) if row["status"] == "kept" else row for row in before]
    types = {}
    if "values" in batch.column_names:
        types = {field.name: field.type for field in batch.schema.field("values").type}
    return _table_of_rows(rows, types, "others" in batch.column_names)


def _table(
    found: Sequence[Sample | Rejected | Fault], types: Mapping[str, pa.DataType], has_others: bool
) -> pa.Table:
    return _table_of_rows([_row(each) for each in found], types, has_others)


def _table_of_rows(
    rows: Sequence[dict[str, Any]], types: Mapping[str, pa.DataType], has_others: bool
) -> pa.Table:
    """Return rows as a table; the column `values` is there if carried columns have types.

    The column `others` is there if samples have several images.
    """
    table = pa.Table.from_pylist(rows, SAMPLES)
    if has_others:
        others = pa.array([row.get("others") for row in rows], _OTHERS)
        table = table.append_column("others", others)
    if not types:
        return table
    values = [row.get("values") or {} for row in rows]
    arrays = [pa.array([each.get(name) for each in values], kind) for name, kind in types.items()]
    return table.append_column("values", pa.StructArray.from_arrays(arrays, names=list(types)))


def _row(each: Sample | Rejected | Fault) -> dict[str, Any]:
    match each:
        case Fault():
            return {"shard": each.shard, "status": "failed", "reason": each.reason}
        case Rejected():
            place = {"shard": each.shard, "index": each.index, "status": each.status}
            return {**place, "filter": each.filter or None, "reason": each.reason}
        case Sample():
            return {
                "shard": each.shard,
                "index": each.index,
                "status": "kept",
                "image": each.image,
                "others": list(each.others),
                "width": each.width,
                "height": each.height,
                "num_frames": each.num_frames,
                "duration": each.duration,
                "fps": each.fps,
                "is_video": each.is_video,
                "texts": [
                    (name, {"value": text.value, "language": text.language})
                    for name, text in each.texts.items()
                ],
                "values": dict(each.values),
            }
