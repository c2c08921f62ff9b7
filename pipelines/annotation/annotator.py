"""The whole pass over a unit: preprocess, generate, parse, filter the answers, commit.

The engine runs in the caller's thread, so that an interruption can stop it in the middle of a
block. One thread preprocesses the next block ahead. Another thread parses, filters and commits the
answers of the previous block while the engine works.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import Literal

from pipelines.annotation.decoding import RowDecoder
from pipelines.annotation.earlier_rows import EarlierRows
from pipelines.annotation.generation import GeneratedBlock, generate, parse_answers
from pipelines.annotation.gpu_energy import GpuEnergy
from pipelines.annotation.loaded_job import load_job
from pipelines.annotation.preprocessing import unit_blocks
from pipelines.annotation.unit_writer import UnitWriter
from pipelines.concurrency.background import BackgroundWorker
from pipelines.concurrency.prefetch import prefetch
from pipelines.concurrency.stage_timer import StageTimer
from pipelines.concurrency.watchdog import deadline
from pipelines.output.forgotten import read_forgotten
from pipelines.output.ownership import Ownership
from pipelines.output.request_grants import RequestGrants
from pipelines.planning.filters_from import filters_to_run
from pipelines.planning.resolved_job import ResolvedJob
from pipelines.reading import OpenUnit, open_unit
from pipelines.rows.row import Row
from pipelines.storage.storage import Storage
from schemas.errors import ServiceFault, ShardFault
from schemas.report import OnProgress, Progress, Stage, UnitReport
from schemas.sample import Unit

_BLOCKS_AHEAD = 1  # preprocessed while the engine works on another block


class Annotator:
    """The pass over one unit after another; filters, tasks and engine are loaded once.

    With `isolated`, images are decoded in a child process.
    """

    def __init__(
        self,
        work: ResolvedJob,
        storage: Storage,
        decode_threads: int,
        isolated: bool = False,
        ownership: Ownership | None = None,
    ) -> None:
        job = work.job
        self._work = work
        self._storage = storage
        self._loaded = load_job(
            work,
            filters_to_run(job, work.resolved.filters_from),
            grants=RequestGrants(work.layout, storage, job.runner.most_workers),
        )
        self._ownership = ownership or work.ownership(storage)
        self._decoder = RowDecoder(
            job.input, self._loaded.filters, self._loaded.image_spec, decode_threads, isolated
        )
        self._earlier = EarlierRows.of_job(work)
        self._forgotten = read_forgotten(work.forgotten, work.layout, storage)
        on_gpu = work.model is not None and work.resolved.device == "cuda"
        self._gpus = job.runner.model_gpus if on_gpu else 0
        self._energy = GpuEnergy(self._gpus)
        self._block_seconds = job.runner.block_seconds
        self.schema = work.output_schema
        self._input = work.input

    def close(self) -> None:
        """End the decoding threads and processes."""
        self._decoder.close()

    def annotate(
        self, unit: Unit, parts_done: int = 0, on_progress: OnProgress = lambda _: None
    ) -> UnitReport:
        """Commit the missing parts of a unit; report a unit that cannot be read as failed.

        `parts_done` parts are committed already. A salvaged unit is reported as committed, with the
        fault in `error`. Any error but a ShardFault is raised, because the unit is not its cause.
        """
        started, cpu_started = time.perf_counter(), time.process_time()
        self._loaded.filters.costs.take()  # of units before
        timer, energy = StageTimer(), self._energy.joules()
        status: Literal["committed", "failed"] = "committed"
        fault: ShardFault | None = None
        writer = UnitWriter(
            self._work,
            self._storage,
            unit,
            parts_done,
            timer,
            schema=self.schema,
            filters=self._loaded.filters.running_order,
            ownership=self._ownership,
        )
        with closing(writer):
            try:
                with self._open(unit) as shard:
                    self._annotate_blocks(unit, shard, writer, timer, on_progress)
                    fault = shard.fault
            except ShardFault as shard_fault:
                status, fault = "failed", shard_fault
        stages, costs = timer.stages(), self._loaded.filters.costs.take()
        computing = stages.get("inference", Stage()).seconds * self._gpus
        spent = self._energy.joules()
        return UnitReport(
            unit=unit.name,
            status=status,
            files=tuple(writer.files),
            versions=tuple(writer.versions),
            counts=writer.counts,
            scores=writer.scores,
            answers=writer.answers,
            stages=stages,
            costs=costs,
            cpu_seconds=round(time.process_time() - cpu_started, 3),
            gpu_seconds=round(computing, 3),
            joules=None if energy is None or spent is None else round(spent - energy, 3),
            seconds=round(time.perf_counter() - started, 3),
            error=fault.reason if fault else "",
            offset=None if fault is None or isinstance(fault, ServiceFault) else fault.offset,
        )

    def preview(self, unit: Unit, samples: int) -> Iterator[Row]:
        """Yield the first `samples` rows of a unit after the whole pass; store nothing."""
        timer = StageTimer()
        with self._open(unit) as shard:
            for block in self._blocks(unit, shard, timer, stop=samples):
                self._parse(self._generate(block, timer), timer)
                yield from block

    def prompts(self, row: Row) -> dict[str, str | None]:
        """Return the prompt of each task for a row, named `<task> prompt`; empty without a model.

        A prompt is None if the task skips the sample.
        """
        engine = self._loaded.engine
        if engine is None:
            return {}
        sample = row.sample()
        return {
            f"{name} prompt": engine.family.task_prompt(task, sample)
            for name, task in self._loaded.tasks.items()
        }

    def _open(self, unit: Unit) -> OpenUnit:
        # An earlier output supplies the texts, unless samples are judged again.
        texts = self._earlier is None or self._earlier.judges_again
        return open_unit(unit, self._storage, self._input, texts=texts)

    def _blocks(
        self,
        unit: Unit,
        shard: OpenUnit,
        timer: StageTimer,
        skip: int = 0,
        stop: int | None = None,
    ) -> Iterator[list[Row]]:
        return unit_blocks(
            unit,
            shard,
            self._input,
            self._loaded.filters,
            self._decoder,
            timer=timer,
            block_size=self._work.block_size,
            earlier=self._earlier,
            forgotten=self._forgotten,
            skip=skip,
            stop=stop,
        )

    def _annotate_blocks(
        self,
        unit: Unit,
        shard: OpenUnit,
        writer: UnitWriter,
        timer: StageTimer,
        on_progress: OnProgress,
    ) -> None:
        """Run the engine on one block after another; answers are stored in the background."""
        preprocessed = self._blocks(unit, shard, timer, writer.skip)
        with (
            closing(prefetch(preprocessed, _BLOCKS_AHEAD, self._block_seconds)) as blocks,
            BackgroundWorker("answers", in_thread=self._loaded.engine is not None) as background,
        ):
            block = self._next(blocks, timer)
            while True:
                generated = self._generate(block, timer)
                if block:
                    samples = block[-1].index + 1 - unit.first_index
                    on_progress(Progress(unit.name, samples, block[-1].position))
                following = self._next(blocks, timer)
                with timer.stage("held", 1):  # waits until the previous block is stored
                    background.submit(self._store, generated, writer, shard, not following, timer)
                if not following:
                    return
                block = following

    def _next(self, blocks: Iterator[list[Row]], timer: StageTimer) -> list[Row]:
        """Return the next block; an empty list after the last block."""
        with timer.stage("wait", 1):
            return next(blocks, [])

    def _generate(self, block: Sequence[Row], timer: StageTimer) -> GeneratedBlock:
        if self._loaded.engine is None:
            return GeneratedBlock(block)
        with deadline(self._block_seconds, "answering a block"):
            costs = self._loaded.filters.costs
            return generate(block, self._loaded.tasks, self._loaded.engine, timer, costs)

    def _parse(self, generated: GeneratedBlock, timer: StageTimer) -> None:
        loaded = self._loaded
        if loaded.engine is None:
            return
        with deadline(self._block_seconds, "reading a block's answers"):
            parse_answers(generated, loaded.tasks, loaded.engine.family, loaded.filters, timer)

    def _store(
        self,
        generated: GeneratedBlock,
        writer: UnitWriter,
        shard: OpenUnit,
        last: bool,
        timer: StageTimer,
    ) -> None:
        self._parse(generated, timer)
        fault = shard.fault if last else None
        writer.add(generated.rows, generated.oom_retries, last, shard, fault)
