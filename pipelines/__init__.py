"""The work itself: from the job file to committed Parquet."""

from pipelines.concurrency.openmp import wait_passively

wait_passively()  # in every process that works: also in workers of Ray and Beam
