"""The pass over a unit: what preparation yields is asked, read, judged, and committed.

Preparation runs ahead in a thread of its own; the caller's thread runs the engine and commits.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from itertools import count
from typing import Literal

from inference import Engine, load_engine
from pipelines.asking import ask
from pipelines.commit import PartWriter
from pipelines.deadline import deadline
from pipelines.earlier import judges
from pipelines.judging import Judging
from pipelines.outputs import Layout, part_file, whole_file
from pipelines.plan import ResolvedJob
from pipelines.prefetch import prefetch
from pipelines.prepare import Preparation
from pipelines.reading import CountedStream
from pipelines.rows import Row
from pipelines.stopwatch import Stopwatch
from pipelines.storage import Storage, absolute, storage_for
from pipelines.taken import TakenRows
from schemas.errors import ShardFault
from schemas.report import Counts, Histograms, OnProgress, Progress, UnitReport, add_histograms
from schemas.sample import Unit
from schemas.tables import FOOTER_HALVINGS, FOOTER_SALVAGED

_BLOCKS_AHEAD = 1  # prepared while the engine works on another


class Annotator:
    """What a worker loads once (filters, tasks, engine); it annotates unit after unit."""

    def __init__(
        self, work: ResolvedJob, storage: Storage, decode_threads: int, isolated: bool = False
    ) -> None:
        job = work.job
        resources = work.resources
        self._work = work
        self._storage = storage
        self._tasks = job.tasks
        filters = judges(job, work.resolved.filters_from)
        self._judging = Judging(
            list(filters.values()), resources, job.evaluate == "all", list(filters)
        )
        for task in job.tasks.values():
            task.load()
        self._engine: Engine | None = None  # where nothing is asked
        if job.model is not None and work.resolved.checkpoint is not None:
            self._engine = load_engine(job.model, work.resolved.checkpoint, resources)
        resolution = self._engine.resolution if self._engine else None
        self._preparation = Preparation(
            job, self._judging, resolution, decode_threads, isolated, taken=_taken(work)
        )
        self._block_seconds = job.runner.block_seconds
        self.schema = job.output_schema()

    def close(self) -> None:
        """End what works beside this thread."""
        self._preparation.close()

    def annotate(
        self, unit: Unit, parts_done: int = 0, on_progress: OnProgress = lambda _: None
    ) -> UnitReport:
        """Commit what is missing of a unit; one that cannot be read comes back as failed.

        Whatever else goes wrong is raised: it is no fault of the unit's.
        """
        started = time.perf_counter()
        stopwatch = Stopwatch()
        files: list[str] = []
        counts = Counts()
        scores: Histograms = {}
        status: Literal["committed", "failed"] = "committed"
        fault: ShardFault | None = None
        try:
            with closing(self._open(unit)) as stream:
                for name, writer in self._files(unit, stream, parts_done, stopwatch, on_progress):
                    files.append(name)
                    counts += writer.counts
                    scores = add_histograms(scores, writer.scores)
                fault = stream.fault
        except ShardFault as met:
            status, fault = "failed", met
        return UnitReport(
            unit=unit.name,
            status=status,
            files=tuple(files),
            counts=counts,
            scores=scores,
            stages=stopwatch.stages(),
            seconds=round(time.perf_counter() - started, 3),
            error=fault.reason if fault else "",
            offset=fault.offset if fault else None,
        )

    def preview(self, unit: Unit, samples: int) -> Iterator[Row]:
        """The first samples of a unit through the whole job; nothing is stored."""
        stopwatch = Stopwatch()
        with closing(self._open(unit)) as stream:
            for block in self._preparation.blocks(unit, stream, 0, stopwatch, samples):
                self._ask(block, stopwatch)
                yield from block

    def _open(self, unit: Unit) -> CountedStream:
        try:
            return CountedStream(self._storage.open(unit.path))
        except FileNotFoundError:
            raise ShardFault("shard_missing", 0) from None

    def _files(
        self,
        unit: Unit,
        stream: CountedStream,
        parts_done: int,
        stopwatch: Stopwatch,
        on_progress: OnProgress,
    ) -> Iterator[tuple[str, PartWriter]]:
        """Work through a unit; each file is yielded after it was committed, with its writer."""
        size = self._work.job.input.max_samples_per_file
        fingerprint = self._work.fingerprint
        prepared = self._preparation.blocks(unit, stream, parts_done * size, stopwatch)
        with closing(prefetch(prepared, _BLOCKS_AHEAD, self._block_seconds)) as blocks:
            block = self._next(blocks, stopwatch)
            for part in count(parts_done):
                start = unit.first_index + part * size
                end = start + size
                halvings = self._halvings
                with PartWriter(self.schema, unit.name, fingerprint, start) as writer:
                    while block and block[0].index < end:
                        self._write(block, writer, stopwatch)
                        done = part * size + writer.counts.read
                        on_progress(Progress(unit.name, done, block[-1].position))
                        block = self._next(blocks, stopwatch)
                    whole = not block and part == 0
                    name = (
                        whole_file(unit.name)
                        if whole
                        else part_file(unit.name, part, last=not block)
                    )
                    with stopwatch.stage("commit", 1):
                        path = self._work.layout.file(name)
                        notes = self._notes(halvings, None if block else stream.fault)
                        writer.commit(self._storage, path, notes)
                yield name, writer
                if not block:
                    return

    def _notes(self, halvings_before: int, fault: ShardFault | None) -> dict[str, str]:
        """What a file's footer says beyond the ordinary."""
        notes = {FOOTER_SALVAGED: str(fault)} if fault else {}
        if halvings := self._halvings - halvings_before:
            notes[FOOTER_HALVINGS] = str(halvings)
        return notes

    @property
    def _halvings(self) -> int:
        return self._engine.halvings if self._engine else 0

    def _next(self, blocks: Iterator[list[Row]], stopwatch: Stopwatch) -> list[Row]:
        """The next block; empty after the last."""
        with stopwatch.stage("wait", 1):
            return next(blocks, [])

    def _write(self, block: Sequence[Row], writer: PartWriter, stopwatch: Stopwatch) -> None:
        with deadline(self._block_seconds, "answering a block"):
            self._ask(block, stopwatch)
        with stopwatch.stage("write", len(block)):
            writer.write(block)

    def _ask(self, block: Sequence[Row], stopwatch: Stopwatch) -> None:
        if self._engine is not None:
            ask(block, self._tasks, self._engine, self._judging, stopwatch)


def _taken(work: ResolvedJob) -> TakenRows | None:
    """The rows of the output that the job takes its verdicts from, if it does."""
    place, earlier = work.job.filters_from, work.resolved.filters_from
    if place is None or earlier is None:
        return None
    texts = ("source_text",) * (work.job.input.text is not None)
    columns = (*texts, *work.job.input.carried())
    return TakenRows(Layout(absolute(place, work.folder)), storage_for(place), earlier, columns)
