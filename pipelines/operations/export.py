"""`shardmill export`: writes the rows of an output in another format, with their images if wanted.

An export is streamed, and its files appear whole. One that was interrupted goes on behind its last
finished files.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, closing
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from pipelines.annotation.worker_faults import worker_faults
from pipelines.exports.chunk import Chunk, Cursor
from pipelines.exports.export_file import Contents, WrongRow
from pipelines.exports.formats import FORMATS
from pipelines.exports.request import BYTES_PER_FILE, ExportRequest
from pipelines.exports.shuffle import BYTES, Window
from pipelines.exports.split_writer import SplitWriter
from pipelines.exports.target import Target
from pipelines.operations.exporting.export_plan import ExportPlan, plan_export, target_root
from pipelines.operations.exporting.export_rows import ExportedRows
from pipelines.operations.exporting.original_images import OriginalImages
from pipelines.operations.stored_samples.checked_rows import wrong_row
from pipelines.output.contents import read_contents
from pipelines.output.output import Output, open_output
from pipelines.rows.table import to_rows
from pipelines.storage.resolve import STORAGE
from pipelines.storage.storage import Storage
from schemas.errors import JobError

# Takes the rows of the output; gives the function that counts those that are read.
Progress = Callable[[int], AbstractContextManager[Callable[[int], None]]]


class Exported(NamedTuple):
    """What the folder of an export has."""

    folder: str
    format: str
    rows: Mapping[str, int]  # of each split
    files: Mapping[str, int]  # likewise
    was_complete: bool  # nothing was left to do
    uncommitted: int  # units of the output without a file
    units: int


def export(
    output: str,
    folder: str,
    request: ExportRequest,
    storage: Storage | None = None,
    *,
    progress: Progress,
) -> Exported:
    """Export the rows of an output into a folder, or go on with an export that was interrupted.

    Raises JobError if the folder is no output, has no such rows or columns, or values that the
    format cannot take, if the target has other files or another export, or if a shard has changed
    since; MachineFault if storage does not give a shard.
    """
    opened = open_output(output, storage)
    root = target_root(folder, opened)
    plan = plan_export(opened, request)
    own = FORMATS[request.format]
    target = Target(root, storage or STORAGE, own.extension, own.folder)
    target.begin(request.model_dump(mode="json"), plan.source)
    was_complete = target.is_complete
    contents = plan.contents
    if own.labels is not None and not was_complete:
        contents = replace(contents, categories=_categories(opened, plan, own.labels))
    most_bytes = request.bytes_per_file or (None if own.one_file else BYTES_PER_FILE)
    writers = {
        name: SplitWriter(
            target,
            name,
            own,
            contents,
            most_rows=request.rows_per_file or own.most_rows,
            most_bytes=most_bytes,
        )
        for name in plan.splits.names
    }
    if not was_complete:
        with worker_faults(), progress(read_contents(opened).counts.read) as on_rows:
            _write(opened, request, plan, list(writers.values()), on_rows)
            rows = {name: writer.rows for name, writer in writers.items()}
            if not any(rows.values()):
                raise JobError(
                    f"export: no row of {opened.layout.root} is selected: nothing is written"
                )
            counts = {name: each.counts for name, each in writers.items() if each.rows}
            target.finish(own.more_files(contents, rows, counts) if own.more_files else {})
    return Exported(
        root,
        request.format,
        {name: writer.rows for name, writer in writers.items()},
        {name: writer.files for name, writer in writers.items()},
        was_complete,
        int((~opened.listing.has_files()).sum()),
        len(opened.units),
    )


def _categories(
    output: Output, plan: ExportPlan, labels_of: Callable[[pa.RecordBatch, Contents], set[str]]
) -> tuple[str, ...]:
    """Return the labels of all objects, sorted; raise JobError for rows that somebody changed."""
    rows, labels = ExportedRows(output, plan.selection, None), set[str]()
    for chunk in rows.read(Cursor(0, 0, 0)):
        try:
            labels |= labels_of(chunk.batch, plan.contents)
        except WrongRow as wrong:
            (row,) = to_rows(chunk.batch.slice(wrong.position, 1))
            raise wrong_row(rows.path(chunk), row, wrong.problem) from None
    return tuple(sorted(labels))


def _write(
    output: Output,
    request: ExportRequest,
    plan: ExportPlan,
    writers: list[SplitWriter],
    on_rows: Callable[[int], None],
) -> None:
    """Write the rows that are not in finished files yet."""
    rows = ExportedRows(output, plan.selection, request.shuffle, on_rows)
    windows = [
        Window(request.shuffle, plan.contents.columns, BYTES // len(writers))
        for _ in writers
        if request.shuffle is not None
    ]
    with ExitStack() as stack:
        for writer in writers:
            stack.callback(writer.discard)
        images = None
        if plan.contents.pictures != "none":
            images = stack.enter_context(closing(OriginalImages(output)))
        for chunk in rows.read(min(writer.start for writer in writers)):
            for own in _with_images(_unfinished(chunk, plan, writers), rows, images):
                numbers = plan.splits.assign(own.batch)
                for number, writer in enumerate(writers):
                    of_split = own.take(np.flatnonzero(numbers == number))
                    for each in windows[number].add(of_split) if windows else (of_split,):
                        writer.add(each)
        for number, writer in enumerate(writers):
            for each in windows[number].close() if windows else ():
                writer.add(each)
            writer.close()


def _unfinished(chunk: Chunk, plan: ExportPlan, writers: list[SplitWriter]) -> Chunk:
    """Return the rows that are not known to be in finished files of their splits."""
    numbers = plan.splits.assign(chunk.batch)
    wanted = np.zeros(len(chunk), np.bool_)
    for number, writer in enumerate(writers):
        wanted |= (numbers == number) & chunk.at_or_after(writer.start)
    return chunk if wanted.all() else chunk.take(np.flatnonzero(wanted))


def _with_images(
    chunk: Chunk, rows: ExportedRows, images: OriginalImages | None
) -> Iterator[Chunk]:
    return rows.with_images(chunk, images) if images is not None else iter((chunk,))
