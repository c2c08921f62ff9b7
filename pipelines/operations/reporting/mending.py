"""Says how to mend a shard that failed, by the reason of its report."""

_RUN_AGAIN = "run the job again"
_PARQUET = "write the file again with fewer rows in a row group, or fewer columns"
_SALVAGE = (
    "copy the shard again from its origin, or set input.on_bad_shard: salvage, which keeps the "
    "samples before the damage"
)
_ADVICE = {
    "shard_missing": "put the shard back, or drop it with `shardmill run JOB --forget-missing`",
    "shard_not_a_file": "put the shard's file back in its place",
    "shard_permission_denied": "let this user read the shard",
    "shard_read_failed": f"see whether its storage can be read, then {_RUN_AGAIN}",
    "shard_window_too_large": "compress the shard with a smaller window: zstd --long=27 at most",
    "shard_unreadable": "put a tar or a Parquet file in its place, or leave it out of input.shards",
    "shard_truncated": _SALVAGE,
    "shard_damaged": _SALVAGE,
    "columns_too_large": _PARQUET,
    "footer_too_large": _PARQUET,
    "columns_missing": "add the column to the file, or correct input",
    "verdicts_missing": "finish the output of filters_from, then run this job again",
    "verdicts_damaged": "mend the output of filters_from: `shardmill verify` says how",
    "shard_changed": "`shardmill retry OUTPUT --changed` makes the rows of a changed shard again",
    "service_unavailable": _RUN_AGAIN,
    "service_timeout": _RUN_AGAIN,
    "service_quota_exhausted": (
        "wait for the quota, ask for more, or lower requests_per_minute; then run the job again"
    ),
    "service_max_requests": f"raise the filter's max_requests, then {_RUN_AGAIN}",
    "service_answer_incomplete": _RUN_AGAIN,
    "deadline_passed": "raise runner.block_seconds, or lower the sizes of input.limits",
    "worker_died": "see the log of the workers: memory that runs out is the commonest cause",
    "worker_faulty": "see the log of the workers: the machine or a filter is at fault",
}
_KILLED = (
    "the shard ends its workers: look for its samples that a filter or the memory cannot take, or "
    "leave it out of input.shards"
)


def how_to_mend(reason: str) -> str:
    """Return what to change, so that a shard that failed for this reason can be done."""
    if reason.startswith(("worker_died_of_signal_", "worker_died_with_exit_code_")):
        return _KILLED
    return _ADVICE.get(reason, _RUN_AGAIN)
