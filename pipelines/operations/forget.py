"""`shardmill forget`: erases listed samples from an output, and blocks them for later runs.

The list is stored first, as salted digests. So a later run drops the samples, and a command that
was stopped goes on where it was: rows that are erased already are not found again.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipelines.operations.forgetting.erase_parts import erase_parts
from pipelines.operations.forgetting.erase_rows import Rows, erase_rows
from pipelines.operations.forgetting.erase_scores import erase_scores
from pipelines.operations.forgetting.forget_list import Lines, read_lines, sort_lines, values_of
from pipelines.operations.running.tally import new_run_id
from pipelines.operations.stored_samples.stored_rows import read_batches
from pipelines.output.footers import damaged_file
from pipelines.output.forgotten import FORGET, Forgotten, make_list, read_forgotten, store_list
from pipelines.output.heartbeat import Heartbeat
from pipelines.output.output import Output, open_output
from pipelines.storage.resolve import STORAGE
from pipelines.storage.storage import Storage
from schemas.errors import JobError
from schemas.regular_file import NotRegularFile
from schemas.tables import IMAGES, carried_columns, is_own

_BATCH = 1 << 14  # rows
_TEXT = pa.string()


class Erased(NamedTuple):
    """What was erased, in numbers: nothing of the samples themselves."""

    listed: int  # digests of all lists of the output
    samples: int  # rows erased now
    files: int  # written anew
    shards: tuple[str, ...]  # names of the shards that hold them
    evaluations: int  # files of evaluations from which scores or names of parts were erased
    samples_before: int  # rows that had been erased before
    lines: Lines  # of the list that was given
    strangers: tuple[str, ...]  # Parquet files that the job did not write: they were not read


def forget_samples(output: str, listed: str | None, storage: Storage | None = None) -> Erased:
    """Erase the samples of a list from an output, and block them for later runs.

    Without a list, the lists that the output has already are applied to all its rows. Raises
    JobError if a run is active, or if the list or a file is damaged.
    """
    storage = storage or STORAGE
    opened = open_output(output, storage)
    layout = opened.layout
    names = opened.listing.forgotten
    earlier = forgotten = read_forgotten(names, layout, storage)
    lines, salt = list[str](), b""
    if listed is not None:
        lines = read_lines(listed, storage)
        new = make_list((value for line in lines for value in values_of(line)), earlier)
        salt = bytes.fromhex(new.salt)
        names = (*names, store_list(new, layout, storage))
        forgotten = read_forgotten(tuple(dict.fromkeys(names)), layout, storage)
    if not forgotten:
        raise JobError("--list: name a list: the output was not told to forget anything before")
    heartbeat = layout.heartbeat(new_run_id())
    with Heartbeat(heartbeat, storage, opened.record_id.number):
        if running := opened.active_runs(written=heartbeat):
            raise JobError(
                f"{layout.root}: a run on {running[0].host} is at work, and stops at its next "
                "commit, because samples are to be forgotten: give the command again then"
            )
        opened = open_output(output, storage)  # with what that run has committed meanwhile
        search = _Search(opened, forgotten)
        found = {file: rows for file, rows in search.files() if len(rows)}
        samples = {sample for file, rows in found.items() for sample in _names(opened, file, rows)}
        evaluations = erase_scores(opened, samples) if samples else 0
        for file, rows in found.items():
            erase_rows(layout.file(file), rows, storage)
        evaluations += erase_parts(opened)
        for path in opened.listing.leftovers:
            if path.endswith(".tmp"):  # of a run that was killed: it may hold rows of the samples
                storage.delete(path)
    return Erased(
        listed=forgotten.count(),
        samples=sum(map(len, found.values())),
        files=len(found),
        shards=tuple(sorted({shard for shard, _ in samples})),
        evaluations=evaluations,
        samples_before=search.erased,
        lines=sort_lines(lines, salt, search.matching, earlier),
        strangers=opened.listing.strangers,
    )


class _Search:
    """Finds the rows that are listed, and counts the rows that were erased before."""

    def __init__(self, output: Output, forgotten: Forgotten) -> None:
        self._output = output
        self._forgotten = forgotten
        self.matching = set[str]()  # the digests by which rows are listed
        self.erased = 0  # rows that were erased before

    def files(self) -> Iterator[tuple[str, Rows]]:
        """Yield each file and the positions of its rows that are listed."""
        for _, progress in self._output.listing.committed():
            for file in progress.files:
                yield file, self._rows(self._output.layout.file(file))

    def _rows(self, path: str) -> Rows:
        storage = self._output.storage
        try:
            with storage.open(path) as stream:
                schema = pq.read_schema(stream)
        except (pa.ArrowException, NotRegularFile):
            raise damaged_file(path) from None
        texts = [name for name in carried_columns(schema) if schema.field(name).type == _TEXT]
        several = [name for name in IMAGES if _is_own(schema, name)]
        columns = ["key", "sha256", "filter", *several, *texts]
        found, start = [], 0
        for batch in read_batches(path, storage, columns, _BATCH):
            found += [start + row for row in self._listed(batch, texts, several)]
            self.erased += pc.sum(pc.equal(batch["filter"], FORGET)).as_py() or 0
            start += len(batch)
        return np.array(found, np.int64)

    def _listed(
        self, batch: pa.RecordBatch, texts: Sequence[str], several: Sequence[str]
    ) -> Iterator[int]:
        keys = batch["key"].to_pylist()
        images = [[value] if value else [] for value in batch["sha256"].to_pylist()]
        for name in several:
            for own, others in zip(images, batch[name].to_pylist(), strict=True):
                own += [each["sha256"] for each in others or ()]
        urls: list[list[str | None]] = [[] for _ in keys]
        for name in texts if self._forgotten.names("urls") else ():
            for own, value in zip(urls, batch[name].to_pylist(), strict=True):
                own.append(value)
        for row, sample in enumerate(zip(keys, urls, images, strict=True)):
            if matching := set(self._forgotten.matching(*sample)):
                self.matching |= matching
                yield row


def _is_own(schema: pa.Schema, name: str) -> bool:
    return name in schema.names and is_own(schema.field(name))


def _names(output: Output, file: str, rows: Rows) -> Iterator[tuple[str, int]]:
    """Yield shard and index of rows of a file."""
    start = 0
    path = output.layout.file(file)
    for batch in read_batches(path, output.storage, ["shard", "index"], _BATCH):
        end = start + len(batch)
        here = pa.array(rows[(rows >= start) & (rows < end)] - start)
        chosen = (pc.take(batch[name], here).to_pylist() for name in ("shard", "index"))
        yield from zip(*chosen, strict=True)
        start = end
