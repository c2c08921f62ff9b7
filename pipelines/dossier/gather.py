"""Gathers the facts about an output: from its record, its counts, its evaluations and its rows."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.dossier.facts import ColumnFact, Facts, FilterFact, TaskFact
from pipelines.dossier.row_scan import scan_rows
from pipelines.evaluation.stored_evaluations import read_evaluations
from pipelines.output.contents import read_contents
from pipelines.output.fingerprint import contents_by_place, replace_places
from pipelines.output.footers import damaged_file, read_schema
from pipelines.output.output import Output
from pipelines.planning.provenance import filter_records, provenance_of
from pipelines.reading.parquet_ranges import read_batches
from schemas.errors import JobError
from schemas.regular_file import NotRegularFile
from schemas.report import Counts
from schemas.tables import (
    CONTENT,
    FRAME_HASHES,
    HASHES,
    IDENTITY,
    IMAGES,
    INFO,
    PROVENANCE,
    TEXT_BOXES,
    VIDEO,
    carried_columns,
    task_columns,
    task_name,
)
from schemas.units import count_shards, sum_sizes

_BATCH = 1 << 14  # rows
_SHOWN_SHARDS = 5


def gather_facts(output: Output) -> Facts:
    """Gather the facts about an output; raise JobError if it has no rows, or a file is damaged.

    Rows are read as a stream. Nothing of a sample that was not kept is read but its reason.
    """
    record = output.record
    files = [file for _, progress in output.listing.committed() for file in progress.files]
    if not files:
        raise JobError(f"{output.layout.root}: has no rows yet: run the job first")
    contents = read_contents(output)
    schema = read_schema(output.storage, output.layout.file(files[0]))
    tasks = list(record["tasks"])
    counts = contents.counts
    rows = scan_rows(schema, tasks, lambda columns: _batches(output, files, columns))
    provenance = provenance_of(record)
    evaluations = read_evaluations(output)
    settings = record["input"]
    return Facts(
        name=record["name"],
        record=output.record_id.digest,
        provenance=provenance,
        terms=tuple(record["resolved"].get("terms", ())),
        shards=count_shards(output.units),
        shard_bytes=sum_sizes(output.units),
        shard_names=tuple(dict.fromkeys(islice(output.units.column("shard"), _SHOWN_SHARDS))),
        formats=tuple(sorted({_extension(name) for name in output.units.column("shard")})),
        missing_units=int((~contents.complete).sum()),
        units=len(output.units),
        counts=counts,
        filters=tuple(_filters(record, counts)),
        tasks=tuple(
            TaskFact(
                name=name,
                kind=str(record["tasks"][name]["kind"]),
                prompt=provenance.prompts.get(name, ""),
                answers=dict(sorted(rows.statuses[name].items())),
                tokens=rows.tokens[name],
                withheld=_below(counts.answers, name),
            )
            for name in tasks
        ),
        columns=tuple(_columns(schema)),
        rows=rows,
        evaluations=evaluations.answers,
        safety=evaluations.safety,
        damaged_evaluations=evaluations.damaged,
        has_video=settings.get("video") is not None,
        has_text=settings.get("text") is not None,
        images_judged=bool(record["resolved"].get("images_judged")),
    )


def _batches(
    output: Output, files: Sequence[str], columns: Sequence[str]
) -> Iterator[pa.RecordBatch]:
    for file in files:
        path = output.layout.file(file)
        try:
            with output.storage.open(path) as stream:
                yield from read_batches(pq.ParquetFile(stream), stream, _BATCH, columns)
        except (pa.ArrowException, NotRegularFile, KeyError):
            raise damaged_file(path) from None


def _filters(record: Mapping[str, Any], counts: Counts) -> Iterator[FilterFact]:
    """Yield the filters in the order of their runs; in settings, digests replace paths."""
    digests = {
        place: f"sha256:{digest.removeprefix('sha256:')}"
        for place, digest in contents_by_place(record).items()
    }
    own = {each.name: each for each in counts.filters}
    versions = provenance_of(record).filters
    without_paths = replace_places({**record, "filters": dict(filter_records(record))}, digests)
    stages = without_paths["filters"]
    others = [name for name in stages if name not in own]  # an earlier job's, or on answers alone
    for name in (*others, *own):
        stage = stages[name]
        settings = {key: value for key, value in stage.items() if value is not None}
        yield FilterFact(
            name, versions[name], settings, own.get(name), _below(counts.reasons, name)
        )


def _below(numbers: Mapping[str, int], name: str) -> dict[str, int]:
    """Return the numbers of `name/…`, by what follows the slash."""
    prefix = f"{name}/"
    return {key.removeprefix(prefix): n for key, n in numbers.items() if key.startswith(prefix)}


def _columns(schema: pa.Schema) -> Iterator[ColumnFact]:
    tasks = [task_name(each.name) for each in schema if each.type == INFO]
    answers = {name for task in tasks for name in task_columns(task)}
    carried = set(carried_columns(schema))
    for column in schema:
        name = column.name
        if name in answers:
            role = "answer"
        elif name in carried:
            role = "carried"
        elif name in PROVENANCE:
            role = "provenance"
        else:
            role = "identity" if name in IDENTITY else "content"
            hashes = {*HASHES, *FRAME_HASHES}
            assert {*IDENTITY, *CONTENT, *VIDEO, *IMAGES, *hashes, *TEXT_BOXES} >= {name}
        yield ColumnFact(name, str(column.type), role)


def _extension(shard: str) -> str:
    name = shard.rpartition("/")[2]
    return f".{name.partition('.')[2].rpartition('.')[2]}" if "." in name else "folder of images"
