"""Splits follow from keys alone, in the shares that are asked for."""

import pyarrow as pa
import pytest

from pipelines.exports.splits import Splits
from schemas.errors import JobError


def batch(keys: list[str | None]) -> pa.RecordBatch:
    keys_column = pa.array(keys, pa.string())
    return pa.record_batch(
        {"key": keys_column, "shard": ["s"] * len(keys), "index": range(len(keys))}
    )


def test_shares_are_those_of_many_keys() -> None:
    splits = Splits.parse("train=0.8, validation=.15, test=0.05")
    assert splits.names == ("train", "validation", "test")
    numbers = splits.assign(batch([str(number) for number in range(20_000)])).tolist()
    shares = [numbers.count(split) / 20_000 for split in range(3)]
    assert shares == pytest.approx([0.8, 0.15, 0.05], abs=0.01)


def test_a_key_is_in_the_same_split_wherever_it_is() -> None:
    splits = Splits.parse("a=0.5,b=0.5")
    keys: list[str | None] = [str(number) for number in range(100)]
    forwards = dict(zip(keys, splits.assign(batch(keys)).tolist(), strict=True))
    backwards = dict(zip(keys[::-1], splits.assign(batch(keys[::-1])).tolist(), strict=True))
    assert forwards == backwards
    assert splits.assign(batch([None] * 100)).tolist().count(0) in range(30, 71)
    assert set(Splits.parse("a=1,b=0").assign(batch(keys)).tolist()) == {0}


@pytest.mark.parametrize("text", ["", "a", "a=", "a=x", "a=1e0", "a=-1,b=2", "=1", "a=1,", "1a=1"])
def test_malformed_splits(text: str) -> None:
    with pytest.raises(JobError, match=r"is no name with a share: write train=0.9,test=0.1"):
        Splits.parse(text)
