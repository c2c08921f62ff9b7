"""Shardmill's steps in a Beam pipeline of your own: captions of what the filters keep, as JSON.

    python examples/beam_pipeline.py job.yaml OUTPUT [Beam's options]

What this gives up against `runner: {kind: beam}` with the same job file: there is no row for every
sample, only the outputs that the pipeline keeps; a killed pipeline starts anew; images travel
between workers; batches form as samples arrive, so that the last digits of scores may differ from
run to run.
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


def told(answered: Answered | Rejected) -> Iterator[str]:
    """A line of JSON per sample that has answers."""
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
            _ = answered | beam.FlatMap(told) | beam.io.WriteToText(f"{output}/answers")
            reasons = judged.dropped | beam.Map(lambda rejected: rejected.reason)
            counts = reasons | beam.combiners.Count.PerElement() | beam.Map(str)
            _ = counts | "Write reasons" >> beam.io.WriteToText(f"{output}/dropped")
    except JobError as error:
        sys.exit(str(error))
