"""Tests that a footer is parsed only where it fits into memory."""

import io

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.handmade_parquet import (
    footer,
    i64,
    schema_element,
    struct,
    structs,
    with_footer,
)
from support.memory_storage import MemoryStorage
from support.sample_data import parquet_bytes

from pipelines.config.input import Input
from pipelines.reading import parquet_footer
from pipelines.reading.parquet import split_parquet
from pipelines.reading.parquet_footer import footer_memory, read_metadata
from pipelines.reading.shard_stream import CountedStream
from schemas.errors import ShardFault
from schemas.sample import Unit

SCHEMA = [schema_element("schema", 1), schema_element("jpg")]
TOO_LARGE = "footer_too_large"
# A struct of one byte takes 700 in memory, if the struct is a column of a row group.
GROUP = struct({1: structs([struct({2: i64(0)})] * 10), 2: i64(0), 3: i64(0)})
# Case -> a footer, and the expected fault; none where pyarrow finds the damage.
FOOTERS = {
    "two million columns": (footer(SCHEMA, structs([GROUP] * 200_000)), TOO_LARGE),
    "a million elements of the schema": (
        footer([schema_element("schema", 10**6)] + [schema_element("")] * 10**6, structs([])),
        TOO_LARGE,
    ),
    "groups nested 50,000 times": (
        footer([schema_element("g", 1)] * 50_000 + [schema_element("x")], structs([])),
        TOO_LARGE,
    ),
    "a long path of many columns": (
        footer(
            [schema_element("s", 1), schema_element("g" * 500_000, 100)]
            + [schema_element(str(n)) for n in range(100)],
            structs([]),
        ),
        TOO_LARGE,
    ),
    "a list without its elements": (footer(SCHEMA, structs([], 900_000)), ""),
    "a list of columns without its elements": (
        footer(SCHEMA, structs([struct({1: structs([], 900_000)})])),
        "",
    ),
    "no struct": (b"\xff" * 100, ""),
    "nothing": (b"", ""),
}


@pytest.mark.parametrize(("content", "reason"), FOOTERS.values(), ids=FOOTERS)
def test_footers_that_take_too_much_memory_are_faults(content: bytes, reason: str) -> None:
    with pytest.raises(Exception) as caught:  # noqa: PT011 - the parser decides
        read_metadata(CountedStream(io.BytesIO(with_footer(content))))
    if reason:
        assert isinstance(caught.value, ShardFault)
        assert caught.value.reason == reason
    else:
        assert isinstance(caught.value, (ValueError, OSError))


def test_a_footer_of_too_many_fields_is_not_walked_to_its_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(parquet_footer, "_MAX_STEPS", 10_000)
    assert footer_memory(b"\x11" * 5_000 + b"\0") < 10_000
    for endless in (b"\x11" * 20_000, b"\x1c" + b"\x11" * 20_000):
        assert footer_memory(endless + b"\0\0") > 128 << 20


def test_a_footer_longer_than_may_be_is_not_read() -> None:
    class Sparse(io.BytesIO):
        """A file of 1 GB, of which only the end is there."""

        def seek(self, offset: int, whence: int = 0) -> int:
            return super().seek(max(0, offset - gap), whence) + gap

    gap_length = (64 << 20) + 1
    gap = 1 << 30
    stream = CountedStream(Sparse(gap_length.to_bytes(4, "little") + b"PAR1"))
    with pytest.raises(ShardFault, match=TOO_LARGE):
        read_metadata(stream)
    assert stream.bytes_read == 8


@pytest.mark.parametrize("length", [0, 1, 100, (1 << 32) - 1])
def test_a_footer_longer_than_the_file_is_a_fault(length: int) -> None:
    content = b"PAR1" + length.to_bytes(4, "little") + b"PAR1"
    with pytest.raises((ValueError, OSError)):
        read_metadata(CountedStream(io.BytesIO(content)))


@settings(max_examples=20)
@given(st.integers(1, 50), st.integers(1, 6), st.booleans())
def test_footers_of_any_size_are_read_as_pyarrow_reads_them(
    groups: int, columns: int, nested: bool
) -> None:
    value = [{"a": 1, "b": [2]}] if nested else [1]
    content = parquet_bytes({f"c{n}": value * groups for n in range(columns)}, rows_per_group=1)
    stream = CountedStream(io.BytesIO(content))
    metadata = read_metadata(stream)
    assert metadata.equals(pq.read_metadata(io.BytesIO(content)))
    assert stream.bytes_read < (64 << 10) + metadata.serialized_size + 9
    leaves = metadata.num_columns * groups
    length = int.from_bytes(content[-8:-4], "little")
    assert 700 * leaves < footer_memory(content[-8 - length : -8]) < 4000 * leaves + 10_000


def test_a_file_whose_footer_is_too_large_is_one_unit() -> None:
    content = with_footer(FOOTERS["two million columns"][0])
    unit = Unit("a", "/a.parquet", "a.parquet", len(content), "1")
    assert split_parquet(unit, MemoryStorage(content), Input(shards="a.parquet")) == [unit]
