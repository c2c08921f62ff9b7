"""The pass taken apart: reading, filtering and asking as steps over single samples.

What a job file says holds for the steps too. What only whole units can promise, they do not: one
row per sample, files that appear whole, work that is gone on with, bytes that do not depend on how
samples were batched.
"""

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from filters import TextFilter
from filters.base import Filter, filter_names
from inference import load_engine
from pipelines.annotation.filtering import FilterChain
from pipelines.annotation.generation import ask, read
from pipelines.annotation.preprocessing import Preparation
from pipelines.annotation.worker_faults import worker_faults
from pipelines.concurrency.stage_timer import StageTimer
from pipelines.planning.resolve import ResolvedJob
from pipelines.reading import open_unit
from pipelines.rows.row import Answer, Row
from pipelines.storage.resolve import storage_for
from schemas.errors import JobError, ShardFault
from schemas.report import SampleStatus
from schemas.sample import Sample, Unit

_ANY = Unit("", "", "", 0, "")  # samples of any shard are judged together


@dataclass(frozen=True, slots=True)
class Rejected:
    """A sample that was not kept: why, and nothing of what it holds."""

    shard: str
    index: int
    status: SampleStatus
    reason: str
    filter: str = ""  # the one that decided; "" where the sample is invalid
    scores: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answered:
    """A sample and what the model said of it, as far as the filters let it pass."""

    sample: Sample
    answers: Mapping[str, Answer]  # by task


@dataclass(frozen=True, slots=True)
class Fault:
    """A shard that could not be read to its end; what came before was passed on."""

    shard: str
    reason: str
    offset: int  # bytes read before it was met


class Reading:
    """Reads samples, texts and headers; no filter has seen them."""

    def __init__(self, work: ResolvedJob) -> None:
        _check(work)
        filter_chain = FilterChain([], work.resources)
        self._input = work.job.input
        self._preparation = Preparation(work.job, filter_chain, None, threads=1)

    def samples(self, unit: Unit) -> Iterator[Sample | Rejected | Fault]:
        with worker_faults():
            try:
                with open_unit(unit, storage_for(unit.path), self._input) as stream:
                    for row in self._preparation.rows(unit, stream, 0, StageTimer()):
                        if row.kept:
                            self._preparation.read_header(row)
                        yield row.sample() if row.kept else _rejected(row)
                    if stream.fault:
                        yield Fault(unit.shard, stream.fault.reason, stream.fault.offset)
            except ShardFault as fault:
                yield Fault(unit.shard, fault.reason, fault.offset)


class Filtering:
    """The filters of a job, on samples in any order; what they redact is replaced."""

    def __init__(self, work: ResolvedJob, threads: int = 1) -> None:
        _check(work)
        with worker_faults():
            filter_chain = FilterChain(work.job.filters, work.resources, work.job.evaluate == "all")
        self._preparation = Preparation(work.job, filter_chain, None, threads)
        self._lock = threading.Lock()

    def judge(self, samples: Sequence[Sample]) -> list[Sample | Rejected]:
        """One for each, in order; threads take turns."""
        with self._lock, worker_faults():
            rows = _rows(samples)
            for _ in self._preparation.judged(_ANY, rows, StageTimer()):
                pass
            return [
                replace(sample, texts=row.texts) if row.kept else _rejected(row)
                for sample, row in zip(samples, rows, strict=True)
            ]


class Asking:
    """The model and tasks of a job; the filters judge what the model writes, and nothing else."""

    def __init__(self, work: ResolvedJob, threads: int = 1) -> None:
        _check(work)
        job, model, checkpoint = work.job, work.model, work.resolved.checkpoint
        if model is None or checkpoint is None:
            raise JobError("model: is missing: there is nothing to ask")
        names = filter_names(job.filters)
        judges = {
            name: _of_answers(stage)
            for name, stage in zip(names, job.filters, strict=True)
            if isinstance(stage, TextFilter) and stage.applies_to != "source"
        }
        self._tasks = job.tasks
        with worker_faults():
            resources = work.resources
            self._filter_chain = FilterChain(list(judges.values()), resources, names=list(judges))
            for task in job.tasks.values():
                task.load(resources)
            self._engine = load_engine(model, checkpoint, resources)
        self._preparation = Preparation(job, self._filter_chain, self._engine.resolution, threads)
        self._lock = threading.Lock()

    def ask(self, samples: Sequence[Sample]) -> list[Answered | Rejected]:
        """One for each, in order; threads take turns."""
        with self._lock, worker_faults():
            rows = _rows(samples)
            for _ in self._preparation.judged(_ANY, rows, StageTimer()):
                pass
            asked = ask(rows, self._tasks, self._engine, StageTimer())
            read(asked, self._tasks, self._filter_chain, StageTimer())
            return [
                Answered(sample, row.answers) if row.kept else _rejected(row)
                for sample, row in zip(samples, rows, strict=True)
            ]


def _check(work: ResolvedJob) -> None:
    if work.job.filters_from is not None:
        raise JobError("filters_from: whole units alone can take verdicts: run the job itself")


def _of_answers(stage: Filter) -> Filter:
    return stage.model_copy(update={"applies_to": "generated"})


def _rows(samples: Sequence[Sample]) -> list[Row]:
    return [
        Row(sample.shard, sample.index, texts=dict(sample.texts), image=sample.image)
        for sample in samples
    ]


def _rejected(row: Row) -> Rejected:
    return Rejected(row.shard, row.index, row.status, row.reason, row.filter, dict(row.scores))
