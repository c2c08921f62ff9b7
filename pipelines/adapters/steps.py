"""The steps of the pass on single samples: reading, filtering, annotating.

The steps follow the job file. They do not give the promises that need whole units: one row per
sample, files that appear whole, restarts, and bytes that do not depend on the batches.
"""

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from filters import TextFilter
from filters.base import Filter, filter_names
from inference import Engine
from pipelines.annotation.decoding import RowDecoder, opener, read_header
from pipelines.annotation.generation import generate, parse_answers
from pipelines.annotation.loaded_job import load_filters, load_job
from pipelines.annotation.preprocessing import in_blocks, in_chunks, preprocess, read_rows
from pipelines.annotation.worker_faults import worker_faults
from pipelines.concurrency.stage_timer import StageTimer
from pipelines.planning.resolved_job import ResolvedJob
from pipelines.reading import open_unit
from pipelines.rows.row import Answer, Row, RowImage
from schemas.errors import JobError, ShardFault
from schemas.sample import Sample, Unit
from schemas.sample_status import SampleStatus


@dataclass(frozen=True, slots=True)
class Rejected:
    """A sample that was not kept: the reason, without the sample's content."""

    shard: str
    index: int
    status: SampleStatus
    reason: str
    filter: str = ""  # the filter that decided; "" if the sample is invalid
    scores: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answered:
    """A sample with the answers of the tasks; an answer that a filter withheld has no content."""

    sample: Sample
    answers: Mapping[str, Answer]  # by task


@dataclass(frozen=True, slots=True)
class Fault:
    """A shard that could not be read to its end; the samples before the fault were passed on."""

    shard: str
    reason: str
    offset: int  # bytes read before the fault


class SampleReader:
    """A reader of samples with their texts and image headers; no filter judges the samples."""

    def __init__(self, work: ResolvedJob) -> None:
        _check(work)
        self._input = work.input
        self._storage = work.job.open_storage()
        self._open_image = opener(self._input)

    def samples(self, unit: Unit) -> Iterator[Sample | Rejected | Fault]:
        """Yield the samples of a unit in order, then a Fault if the shard is damaged."""
        with worker_faults():
            try:
                with open_unit(unit, self._storage, self._input) as shard:
                    for row in read_rows(unit, shard, shard, self._input):
                        if row.kept:
                            read_header(row, self._open_image)
                        yield row.sample() if row.kept else _rejected(row)
                    if shard.fault:
                        yield Fault(unit.shard, shard.fault.reason, shard.fault.offset)
            except ShardFault as fault:
                yield Fault(unit.shard, fault.reason, fault.offset)


class SampleFilter:
    """The filters of a job, for samples in any order; redactions replace texts."""

    def __init__(self, work: ResolvedJob, threads: int = 1) -> None:
        _check(work)
        names = filter_names(work.job.filters)
        with worker_faults():
            self._filters = load_filters(work, dict(zip(names, work.job.filters, strict=True)))
        self._decoder = RowDecoder(work.job.input, self._filters, None, threads)
        self._lock = threading.Lock()

    def judge(self, samples: Sequence[Sample]) -> list[Sample | Rejected]:
        """Return each sample, with redacted texts, or its rejection, in order.

        Calls of several threads run one after another.
        """
        with self._lock, worker_faults():
            rows = _rows(samples)
            for _ in preprocess(in_chunks(rows), self._filters, self._decoder, StageTimer()):
                pass
            return [
                replace(sample, texts=row.texts, values=row.values) if row.kept else _rejected(row)
                for sample, row in zip(samples, rows, strict=True)
            ]


class SampleAnnotator:
    """The model and tasks of a job, for samples in any order; filters judge only the answers."""

    def __init__(self, work: ResolvedJob, threads: int = 1) -> None:
        _check(work)
        if work.model is None or work.resolved.checkpoint is None:
            raise JobError("model: is missing: there is nothing to ask")
        job = work.job
        answer_filters = {
            name: _for_answers(stage)
            for name, stage in zip(filter_names(job.filters), job.filters, strict=True)
            if isinstance(stage, TextFilter) and stage.applies_to != "source"
        }
        self._pass = SamplePass(work, threads, answer_filters)

    def annotate(self, samples: Sequence[Sample]) -> list[Answered | Rejected]:
        """Return each sample with its answers, or its rejection, in order.

        Calls of several threads run one after another.
        """
        blocks = self._pass.blocks(_rows(samples))
        rows = [row for block in blocks for row in block]
        return [
            Answered(sample, row.answers) if row.kept else _rejected(row)
            for sample, row in zip(samples, rows, strict=True)
        ]


class SamplePass:
    """The pass of a job over rows in memory: filters, model and tasks, without an output.

    `filters` maps names to the filters that are run. An `engine` that was loaded for the same model
    is used as it is.
    """

    def __init__(
        self,
        work: ResolvedJob,
        threads: int,
        filters: Mapping[str, Filter],
        engine: Engine | None = None,
    ) -> None:
        with worker_faults():
            self.loaded = load_job(work, filters, engine)
        self._block_size = work.block_size
        self._decoder = RowDecoder(
            work.job.input, self.loaded.filters, self.loaded.image_spec, threads
        )
        self._lock = threading.Lock()

    def close(self) -> None:
        """End the decoding threads."""
        self._decoder.close()

    def blocks(self, rows: Iterable[Row]) -> Iterator[list[Row]]:
        """Yield the rows in order, with their answers, in the blocks that a job makes.

        Calls of several threads run one after another.
        """
        loaded, timer = self.loaded, StageTimer()
        with self._lock, worker_faults():
            chunks = preprocess(in_chunks(rows), loaded.filters, self._decoder, timer)
            for block in in_blocks(chunks, self._block_size, lambda _: False):
                if loaded.engine is not None:
                    generated = generate(block, loaded.tasks, loaded.engine, timer)
                    family = loaded.engine.family
                    parse_answers(generated, loaded.tasks, family, loaded.filters, timer)
                yield block


def _check(work: ResolvedJob) -> None:
    if work.job.filters_from is not None:
        raise JobError("filters_from: whole units alone can take verdicts: run the job itself")


def _for_answers(stage: Filter) -> Filter:
    return stage.model_copy(update={"applies_to": "generated"})


def _rows(samples: Sequence[Sample]) -> list[Row]:
    return [
        Row(
            sample.shard,
            sample.index,
            texts=dict(sample.texts),
            values=dict(sample.values),
            image=sample.image,
            others=[RowImage(image) for image in sample.others],
        )
        for sample in samples
    ]


def _rejected(row: Row) -> Rejected:
    return Rejected(row.shard, row.index, row.status, row.reason, row.filter, dict(row.scores))
