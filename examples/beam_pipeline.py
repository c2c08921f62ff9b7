"""Use Shardmill's steps in a custom Beam pipeline: captions of the kept samples, as JSON.

    python examples/beam_pipeline.py job.yaml OUTPUT [Beam's options]

Compared with `runner: {kind: beam}` and the same job file, this pipeline has drawbacks. It has no
row for every sample, only the outputs that the pipeline stores. A killed pipeline starts from the
beginning. Images are sent between workers. Batches form as samples arrive, so the last digits of
scores may differ between runs.
"""

import json
import sys
from collections.abc import Iterator

import apache_beam as beam
from apache_beam.ml.inference.base import RunInference
from apache_beam.options.pipeline_options import PipelineOptions

from pipelines.adapters.beam import ApplyFilters, JobModelHandler, ReadShards
from pipelines.adapters.steps import Answered, Rejected
from shardmill import Job, JobError


def to_json(answered: Answered | Rejected) -> Iterator[str]:
    """Yield a line of JSON for a sample that has answers."""
    if isinstance(answered, Answered):
        values = {task: answer.value for task, answer in answered.answers.items()}
        place = {"shard": answered.sample.shard, "index": answered.sample.index}
        yield json.dumps({**place, **values})


if __name__ == "__main__":
    job_file, output, *options = sys.argv[1:]
    try:
        job = Job.load(job_file)
        with beam.Pipeline(options=PipelineOptions(options)) as pipeline:
            read = pipeline | ReadShards(job)
            judged = read.kept | ApplyFilters(job)
            answered = judged.kept | RunInference(JobModelHandler(job))
            _ = answered | beam.FlatMap(to_json) | beam.io.WriteToText(f"{output}/answers")
            reasons = judged.dropped | beam.Map(lambda rejected: rejected.reason)
            counts = reasons | beam.combiners.Count.PerElement() | beam.Map(str)
            _ = counts | "Write reasons" >> beam.io.WriteToText(f"{output}/dropped")
    except JobError as error:
        sys.exit(str(error))
