"""Use Shardmill's steps in a custom Ray Data pipeline: captions of kept samples, as Parquet.

    python examples/ray_pipeline.py job.yaml OUTPUT

Compared with a run of the same job file, this pipeline has drawbacks. A killed pipeline starts from
the beginning, and OUTPUT may then contain files of both attempts. Images are sent through Ray's
object store. Batches form as samples arrive, so the last digits of scores may differ between runs.
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
    actor_options = {
        "compute": ray.data.ActorPoolStrategy(size=1),
        "batch_format": "pyarrow",
        "fn_constructor_args": (job,),
    }
    block_size = job.model.block_size if job.model else None
    rows = (
        ray.data.from_items(units, override_num_blocks=len(units))
        .map_batches(ReadShards, batch_size=1, **actor_options)
        .map_batches(ApplyFilters, batch_size=64, **actor_options)
        .map_batches(Annotate, batch_size=block_size, **actor_options)  # with a GPU: num_gpus=1
    )
    rows.write_parquet(output)
