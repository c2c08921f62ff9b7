"""Errors cross processes whole, and say in words where a shard broke."""

import pickle

import pytest

from schemas.errors import JobError, ShardFault, WorkerFault


@pytest.mark.parametrize("error", [JobError("a: b"), WorkerFault("disk"), ShardFault("cut", 512)])
def test_errors_pickle(error: Exception) -> None:
    again = pickle.loads(pickle.dumps(error))  # noqa: S301 - made above
    assert type(again) is type(error)
    assert str(again) == str(error)


def test_a_shard_fault_tells_reason_and_place() -> None:
    fault = ShardFault("shard_truncated", 512)
    assert str(fault) == "shard_truncated near byte 512"
    assert (fault.reason, fault.offset) == ("shard_truncated", 512)
