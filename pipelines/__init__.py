"""The work itself: from the job file to committed Parquet."""
