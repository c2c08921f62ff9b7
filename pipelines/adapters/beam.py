"""Shardmill's steps for a Beam pipeline of your own: ReadShards, ApplyFilters, and a ModelHandler.

pairs = pipeline | ReadShards(job)
judged = pairs.kept | ApplyFilters(job)
answered = judged.kept | RunInference(JobModelHandler(job))
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import apache_beam as beam
from apache_beam.ml.inference.base import ModelHandler
from apache_beam.utils.shared import Shared

from pipelines.adapters.steps import (
    Answered,
    Fault,
    Rejected,
    SampleAnnotator,
    SampleFilter,
    SampleReader,
)
from pipelines.config.job import Job
from pipelines.planning.plan import first_units, resolve_with_types
from pipelines.planning.resolve import resolve
from pipelines.planning.resolved_job import ResolvedJob
from schemas.sample import Sample, Unit

KEPT, INVALID, FAULTS = "kept", "invalid", "faults"  # outputs; other outputs are named as statuses
_JUDGED_TOGETHER = 64  # samples, at most


class ReadShards(beam.PTransform):  # type: ignore[misc]
    """A transform that starts a pipeline by reading the samples of a job's shards.

    Outputs: `kept`, of Sample, which no filter has judged; `invalid`, of Rejected; and `faults`, of
    Fault, for shards that could not be read to their end.
    """

    def __init__(self, job: Job) -> None:
        super().__init__()
        self._work = resolve_with_types(job)
        self._units = first_units(job)

    def expand(self, begin: Any) -> Any:
        reading = beam.ParDo(_Read(self._work)).with_output_types(Sample)
        outputs = reading.with_outputs(INVALID, FAULTS, main=KEPT)
        return begin | beam.Create(self._units) | beam.Reshuffle() | outputs


class ApplyFilters(beam.PTransform):  # type: ignore[misc]
    """A transform that runs the job's filters on samples.

    Outputs: `kept`, of Sample, with redacted texts; `dropped`, `quarantined` and `invalid`, of
    Rejected, which has none of the sample's content.
    """

    def __init__(self, job: Job) -> None:
        super().__init__()
        self._work = resolve(job)

    def expand(self, samples: Any) -> Any:
        judging = beam.ParDo(_Judge(self._work)).with_output_types(Sample)
        return (
            samples
            | beam.BatchElements(min_batch_size=1, max_batch_size=_JUDGED_TOGETHER)
            | judging.with_outputs("dropped", "quarantined", INVALID, main=KEPT)
        )


class JobModelHandler(ModelHandler[Sample, "Answered | Rejected", SampleAnnotator]):  # type: ignore[misc]
    """A model handler for Beam's RunInference that answers a job's tasks.

    The result for a sample is Answered, or Rejected if its image is damaged. The job's filters
    judge the answers. Beam sends batches of at most `batch_size` samples (default: the job's block
    size), which the engine divides as the job's `model` says. `arguments` are passed on to Beam;
    with `large_model=True`, the processes of a machine share one copy of the model.
    """

    def __init__(self, job: Job, *, batch_size: int | None = None, **arguments: Any) -> None:
        self._work = resolve(job)
        sizes = self._work.resolved.sizes
        size = batch_size or (sizes and sizes.block_size)
        super().__init__(min_batch_size=1, max_batch_size=size, **arguments)

    def load_model(self) -> SampleAnnotator:
        return SampleAnnotator(self._work)

    def run_inference(
        self,
        batch: Sequence[Sample],
        model: SampleAnnotator,
        inference_args: Mapping[str, Any] | None = None,
    ) -> list[Answered | Rejected]:
        return model.annotate(batch)

    def batch_elements_kwargs(self) -> Mapping[str, Any]:
        return dict(self._batching_kwargs)

    def share_model_across_processes(self) -> bool:
        return bool(self._share_across_processes)

    def get_num_bytes(self, batch: Sequence[Sample]) -> int:
        return sum(len(image) for each in batch for image in (each.image, *each.others))

    def get_metrics_namespace(self) -> str:
        return "shardmill"


class _Read(beam.DoFn):  # type: ignore[misc]
    def __init__(self, work: ResolvedJob) -> None:
        self._work = work

    def setup(self) -> None:
        self._reader = SampleReader(self._work)

    def process(self, unit: Unit) -> Iterator[object]:
        for found in self._reader.samples(unit):
            match found:
                case Sample():
                    yield found
                case Rejected():
                    yield beam.pvalue.TaggedOutput(INVALID, found)
                case Fault():
                    yield beam.pvalue.TaggedOutput(FAULTS, found)


class _Judge(beam.DoFn):  # type: ignore[misc]
    """A DoFn that filters batches of samples; the filters are loaded once per process."""

    def __init__(self, work: ResolvedJob) -> None:
        self._work = work
        self._shared = Shared()

    def setup(self) -> None:
        self._filter = self._shared.acquire(lambda: SampleFilter(self._work))

    def process(self, batch: Sequence[Sample]) -> Iterator[object]:
        for judged in self._filter.judge(batch):
            if isinstance(judged, Rejected):
                yield beam.pvalue.TaggedOutput(judged.status, judged)
            else:
                yield judged
