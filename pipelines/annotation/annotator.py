"""The pass over a unit: what preparation yields is asked, read, judged, and committed.

The caller's thread runs the engine, for there an interruption reaches it in the middle of a block.
Preparation runs ahead in a thread of its own; in another, what was answered is read, judged and
committed while the engine works on the next block.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import Literal

from inference import Engine, load_engine
from pipelines.annotation.earlier_rows import EarlierRows
from pipelines.annotation.filtering import FilterChain
from pipelines.annotation.generation import Asked, ask, read
from pipelines.annotation.preprocessing import Preparation
from pipelines.annotation.unit_writer import Parts
from pipelines.concurrency.background import BackgroundWorker
from pipelines.concurrency.prefetch import prefetch
from pipelines.concurrency.stage_timer import StageTimer
from pipelines.concurrency.watchdog import deadline
from pipelines.output.layout import Layout
from pipelines.planning.filters_from import filters_by_name
from pipelines.planning.resolve import ResolvedJob
from pipelines.reading import OpenUnit, open_unit
from pipelines.rows.row import Row
from pipelines.storage.resolve import absolute, storage_for
from pipelines.storage.storage import Storage
from schemas.errors import ShardFault
from schemas.report import OnProgress, Progress, UnitReport
from schemas.sample import Unit

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
        filters = filters_by_name(job, work.resolved.filters_from)
        self._filter_chain = FilterChain(
            list(filters.values()), resources, job.evaluate == "all", list(filters)
        )
        for task in job.tasks.values():
            task.load(resources)
        self._engine: Engine | None = None  # where nothing is asked
        if work.model is not None and work.resolved.checkpoint is not None:
            self._engine = load_engine(work.model, work.resolved.checkpoint, resources)
        resolution = self._engine.resolution if self._engine else None
        self._preparation = Preparation(
            job,
            self._filter_chain,
            resolution,
            decode_threads,
            isolated,
            block_size=work.block_size,
            taken=_taken(work),
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
        timer = StageTimer()
        status: Literal["committed", "failed"] = "committed"
        fault: ShardFault | None = None
        parts = Parts(self._work, self._storage, unit, parts_done, timer, schema=self.schema)
        with closing(parts):
            try:
                with closing(self._open(unit)) as stream:
                    self._work_through(unit, stream, parts, timer, on_progress)
                    fault = stream.fault
            except ShardFault as met:
                status, fault = "failed", met
        return UnitReport(
            unit=unit.name,
            status=status,
            files=tuple(parts.files),
            counts=parts.counts,
            scores=parts.scores,
            stages=timer.stages(),
            seconds=round(time.perf_counter() - started, 3),
            error=fault.reason if fault else "",
            offset=fault.offset if fault else None,
        )

    def preview(self, unit: Unit, samples: int) -> Iterator[Row]:
        """The first samples of a unit through the whole job; nothing is stored."""
        timer = StageTimer()
        with closing(self._open(unit)) as stream:
            for block in self._preparation.blocks(unit, stream, 0, timer, samples):
                self._read(self._ask(block, timer), timer)
                yield from block

    def _open(self, unit: Unit) -> OpenUnit:
        job = self._work.job
        return open_unit(unit, self._storage, job.input, texts=job.filters_from is None)

    def _work_through(
        self,
        unit: Unit,
        stream: OpenUnit,
        parts: Parts,
        timer: StageTimer,
        on_progress: OnProgress,
    ) -> None:
        """Ask about one block after another; the answers to each are stored behind."""
        prepared = self._preparation.blocks(unit, stream, parts.skip, timer)
        with (
            closing(prefetch(prepared, _BLOCKS_AHEAD, self._block_seconds)) as blocks,
            BackgroundWorker("answers", apart=self._engine is not None) as background,
        ):
            block = self._next(blocks, timer)
            while True:
                asked = self._ask(block, timer)
                if block:
                    done = block[-1].index + 1 - unit.first_index
                    on_progress(Progress(unit.name, done, block[-1].position))
                following = self._next(blocks, timer)
                fault = None if following else stream.fault
                with timer.stage("held", 1):  # the answers before these are not stored yet
                    background.submit(self._store, asked, parts, not following, fault, timer)
                if not following:
                    return
                block = following

    def _next(self, blocks: Iterator[list[Row]], timer: StageTimer) -> list[Row]:
        """The next block; empty after the last."""
        with timer.stage("wait", 1):
            return next(blocks, [])

    def _ask(self, block: Sequence[Row], timer: StageTimer) -> Asked:
        if self._engine is None:
            return Asked(block)
        with deadline(self._block_seconds, "answering a block"):
            return ask(block, self._tasks, self._engine, timer)

    def _read(self, asked: Asked, timer: StageTimer) -> None:
        if self._engine is None:
            return
        with deadline(self._block_seconds, "reading a block's answers"):
            read(asked, self._tasks, self._filter_chain, timer)

    def _store(
        self,
        asked: Asked,
        parts: Parts,
        last: bool,
        fault: ShardFault | None,
        timer: StageTimer,
    ) -> None:
        self._read(asked, timer)
        parts.add(asked.rows, asked.oom_retries, last, fault)


def _taken(work: ResolvedJob) -> EarlierRows | None:
    """The rows of the output that the job takes its verdicts from, if it does."""
    place, earlier = work.job.filters_from, work.resolved.filters_from
    if place is None or earlier is None:
        return None
    texts = ("source_text",) * (work.job.input.text is not None)
    columns = (*texts, *work.job.input.carried())
    return EarlierRows(Layout(absolute(place, work.folder)), storage_for(place), earlier, columns)
