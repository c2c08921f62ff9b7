"""Shardmill's steps in Ray Data of your own: captions of what the filters keep, as Parquet.

    python examples/ray_pipeline.py job.yaml OUTPUT

What this gives up against a run of the same job file: a killed pipeline starts anew, and files of
both attempts may lie in OUTPUT; images travel through Ray's object store; batches form as samples
arrive, so that the last digits of scores may differ from run to run.
"""

import sys

import ray

from pipelines.adapters.ray import Annotate, ApplyFilters, ReadShards, unit_rows
from shardmill import Job, JobError

if __name__ == "__main__":
    job_file, output = sys.argv[1:]
    try:
        job = Job.load(job_file)
        units = unit_rows(job)
    except JobError as error:
        sys.exit(str(error))
    one = {
        "compute": ray.data.ActorPoolStrategy(size=1),
        "batch_format": "pyarrow",
        "fn_constructor_args": (job,),
    }
    block_size = job.model.block_size if job.model else None
    found = (
        ray.data.from_items(units, override_num_blocks=len(units))
        .map_batches(ReadShards, batch_size=1, **one)
        .map_batches(ApplyFilters, batch_size=64, **one)
        .map_batches(Annotate, batch_size=block_size, **one)  # with a GPU: num_gpus=1
    )
    found.write_parquet(output)
