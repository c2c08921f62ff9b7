"""Tests that page headers are read as pyarrow wrote them, and stopped at before pyarrow reads."""

import io
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.handmade_parquet import (
    DELTA_LENGTH_BYTE_ARRAY,
    I32,
    I64,
    SNAPPY,
    STRUCT,
    Page,
    binary,
    i32,
    parquet_file,
    plain,
    struct,
    varint,
    zigzag,
)
from support.sample_data import images_column, parquet_bytes

from pipelines.config.input import Input, Limits
from pipelines.reading.parquet import read_parquet
from pipelines.reading.parquet_pages import ColumnPages, max_page_memory, read_page_header
from pipelines.reading.raw_sample import RawSample
from pipelines.reading.shard_stream import CountedStream
from schemas.errors import ShardFault
from schemas.sample import Unit

UNIT = Unit("", "", "a.parquet", 0, "")
LIMITS, SMALL = Limits(), Limits(max_image_bytes=10, max_text_bytes=10)
MAX = max_page_memory(LIMITS)
IMAGE = [Page(plain(b"x"))]


def read(content: bytes, *texts: str, limits: Limits = LIMITS) -> list[RawSample]:
    given = Input(shards="a.parquet", text=None, carry=texts, limits=limits)
    return list(read_parquet(CountedStream(io.BytesIO(content)), UNIT, given))


def fault(content: bytes, *texts: str, limits: Limits = LIMITS) -> str:
    with pytest.raises(ShardFault) as caught:
        read(content, *texts, limits=limits)
    return caught.value.reason


OPTIONS = st.fixed_dictionaries(
    {
        "compression": st.sampled_from(["none", "snappy", "gzip", "zstd", "brotli", "lz4"]),
        "use_dictionary": st.booleans(),
        "data_page_version": st.sampled_from(["1.0", "2.0"]),
        "data_page_size": st.sampled_from([1, 100, 1 << 20]),
        "write_batch_size": st.sampled_from([1, 7, 1024]),
        "write_page_checksum": st.booleans(),
        "write_page_index": st.booleans(),
        "store_schema": st.booleans(),
    }
)


@settings(max_examples=40)
@given(OPTIONS, st.integers(1, 12), st.integers(1, 15), st.sampled_from([1, 2, 9, 1000]))
def test_headers_are_read_as_pyarrow_wrote_them(
    options: dict[str, Any], rows: int, rows_per_group: int, step: int
) -> None:
    """Sizes and numbers of values add up to the footer's, however the bytes arrive."""
    images = [None if n % 7 == 3 else bytes([n]) * n * 30 for n in range(rows)]
    columns = {
        "image": images_column(images),
        "txt": [None if n % 5 == 0 else f"text {n % 3}" for n in range(rows)],
        "tags": [[f"{n}"] * (n % 4) for n in range(rows)],
        "number": list(range(rows)),
    }
    content = parquet_bytes(columns, rows_per_group, **options)
    metadata = pq.read_metadata(io.BytesIO(content))
    for group in range(metadata.num_row_groups):
        for column in range(metadata.num_columns):
            pages = ColumnPages(metadata, group, column)
            chunk = metadata.row_group(group).column(column)
            position, unpacked, values = pages.start, 0, 0
            largest = {False: 0, True: 0}  # by whether it is a dictionary
            while position < pages.end:
                header = read_page_header(content, position)
                position += header.size + header.stored
                unpacked += header.size + header.unpacked
                is_dictionary = header.kind == 2
                values += 0 if is_dictionary else header.values
                largest[is_dictionary] = max(largest[is_dictionary], header.memory)
            assert position == pages.end
            assert unpacked == chunk.total_uncompressed_size
            assert values == chunk.num_values
            position = pages.start
            while position < pages.end:
                end = min(pages.end, position + step)
                pages.read(position, content[position:end])
                position = end
            assert pages.memory == sum(largest.values())
    samples = read(content, "txt", "tags")
    assert [sample.image for sample in samples] == [image or b"" for image in images]
    assert [sample.fields.get("tags", columns["tags"][n]) for n, sample in enumerate(samples)] == (
        columns["tags"]
    )


def test_a_page_header_longer_than_what_is_read_at_once_is_read() -> None:
    long = Page(plain(b"a"), more={9: binary(bytes(3 << 20))})
    (sample,) = read(parquet_file({"jpg": IMAGE, "txt": [long]}), "txt")
    assert sample.fields == {"txt": b"a"}
    endless = Page(plain(b"a"), more={9: binary(bytes(17 << 20))})
    assert fault(parquet_file({"jpg": IMAGE, "txt": [endless]}), "txt") == "shard_damaged"


def test_many_pages_are_read() -> None:
    pages = [Page(plain(b"%d" % n)) for n in range(3000)]
    samples = read(parquet_file({"jpg": pages, "txt": pages}, rows=3000), "txt")
    assert [sample.image for sample in samples] == [b"%d" % n for n in range(3000)]


A, GIGANTIC = plain(b"a"), (1 << 31) - 1
SNAPPY_A = pa.compress(A * 1000, codec="snappy", asbytes=True)
NO_BYTES = varint(128) + varint(4) + varint(GIGANTIC) + zigzag(0) + (zigzag(0) + bytes(4)) * 9
# Case -> the pages of a column, its codec, and the expected reason.
LIES: dict[str, tuple[list[Page], int, str]] = {
    "unpacks to more than stated": ([Page(SNAPPY_A, unpacked=5)], SNAPPY, "shard_damaged"),
    "unpacks to less than stated": ([Page(SNAPPY_A, unpacked=9000)], SNAPPY, "shard_damaged"),
    "unpacks to too much": ([Page(SNAPPY_A, unpacked=MAX + 1)], SNAPPY, "columns_too_large"),
    "unpacks to a gigantic size": ([Page(A, unpacked=GIGANTIC)], SNAPPY, "columns_too_large"),
    "a gigantic size as stored": ([Page(A, stored=GIGANTIC)], 0, "columns_too_large"),
    "a size below 0": ([Page(A, unpacked=-1)], SNAPPY, "shard_damaged"),
    "a stored size below 0": ([Page(A, stored=-1)], 0, "shard_damaged"),
    "more than the column has": ([Page(A, stored=1000)], 0, "shard_damaged"),
    "a gigantic dictionary": (
        [Page(A, values=GIGANTIC, is_dictionary=True), Page(b"\1\2\0")],
        0,
        "columns_too_large",
    ),
    "gigantic lengths": (
        [Page(NO_BYTES, values=GIGANTIC, encoding=DELTA_LENGTH_BYTE_ARRAY)],
        0,
        "columns_too_large",
    ),
    "values below 0": ([Page(A, values=-1), Page(A, values=2)], 0, "shard_damaged"),
    "a size twice": ([Page(A, again={2: i32(GIGANTIC)})], 0, "shard_damaged"),
    "a size of another type": ([Page(A, more={2: (I64, zigzag(5))})], 0, "shard_damaged"),
    "another type of page": (
        [Page(A, more={5: (I32, zigzag(1)), 7: (STRUCT, struct({1: i32(1)}))})],
        0,
        "shard_damaged",
    ),
}


@pytest.mark.parametrize(("pages", "codec", "reason"), LIES.values(), ids=LIES)
def test_page_headers_that_lie_are_faults(pages: list[Page], codec: int, reason: str) -> None:
    before = pa.total_allocated_bytes()
    image = [Page(pa.compress(plain(b"x"), codec="snappy", asbytes=True), unpacked=5)]
    content = parquet_file({"jpg": image if codec else IMAGE, "txt": pages}, codec=codec)
    assert fault(content, "txt") == reason
    assert pa.total_allocated_bytes() - before < 1 << 20
    (sample,) = read(content)  # the job does not read this column
    assert sample.image == b"x"


@pytest.mark.parametrize(("more", "reason"), [(0, "shard_damaged"), (1, "columns_too_large")])
def test_the_bound_is_inclusive_and_of_all_columns_together(more: int, reason: str) -> None:
    size = max_page_memory(SMALL)
    assert size == (64 << 20) + 20
    image = Page(plain(b"x" * 991))
    text = Page(A, stored=size - 995 - 2 * 8 + more)  # 8 bytes for each value
    content = parquet_file({"jpg": [image], "txt": [text]})
    assert fault(content, "txt", limits=SMALL) == reason


def test_columns_that_share_bytes_are_a_fault() -> None:
    columns = {"jpg": [Page(plain(b"x"))], "txt": [Page(A)]}
    assert fault(parquet_file(columns, offsets={"txt": 4}), "txt") == "shard_damaged"
    assert fault(parquet_file(columns, offsets={"txt": 6}), "txt") == "shard_damaged"
    assert fault(parquet_file(columns, offsets={"jpg": -4}), "txt") == "shard_damaged"


def test_a_list_of_too_many_values_is_a_fault() -> None:
    def of(length: int) -> bytes:
        values = pa.nulls(length, pa.int8())
        tags = pa.ListArray.from_arrays([0, length], values)
        return parquet_bytes({"jpg": [b"x"], "tags": tags}, compression="zstd")

    assert fault(of((1 << 24) + 1), "tags") == "columns_too_large"
    (sample,) = read(of(700_000), "tags")  # 16 bytes for each are more than max_text_bytes
    assert sample.fault == "text_too_large"
    (sample,) = read(of(600_000), "tags")
    assert sample.fields == {"tags": [None] * 600_000}


@pytest.mark.parametrize("store_schema", [True, False])
def test_a_list_that_repeats_a_long_text_does_not_copy_it(store_schema: bool) -> None:
    text = pa.DictionaryArray.from_arrays([0] * 200, pa.array(["a" * 1_000_000]))
    tags = pa.ListArray.from_arrays([0, 200], text)
    columns = {"jpg": [b"x"], "tags": tags, "json": pa.StructArray.from_arrays([tags], ["tags"])}
    content = parquet_bytes(columns, compression="zstd", store_schema=store_schema)
    before = pa.total_allocated_bytes()
    for column in ("tags", "json"):
        (sample,) = read(content, column)
        assert sample.fault == "text_too_large"
        assert pa.total_allocated_bytes() - before < 20 << 20


@pytest.mark.parametrize("encoding", ["PLAIN", "DELTA_BYTE_ARRAY", "DELTA_LENGTH_BYTE_ARRAY"])
def test_lists_of_texts_in_any_encoding_are_read(encoding: str) -> None:
    tags = [["a", "b", None], [], None, ["a"]]
    options = {"use_dictionary": False, "column_encoding": {"tags.list.element": encoding}}
    samples = read(parquet_bytes({"jpg": [b"x"] * 4, "tags": tags}, **options), "tags")
    assert [sample.fields["tags"] for sample in samples] == tags


@pytest.mark.parametrize("nested", [True, False])
def test_images_of_a_gigantic_fixed_size_are_a_fault(nested: bool) -> None:
    kind = pa.binary(65 << 20)
    images = pa.nulls(1, pa.struct([("bytes", kind)]) if nested else kind)
    content = parquet_bytes({"jpg": images}, store_schema=False)
    assert fault(content, limits=SMALL) == "columns_too_large"
    assert read(content)[0].fault == "image_missing"


def test_a_long_key_is_not_read_whole() -> None:
    content = parquet_bytes({"jpg": [b"x"], "__key__": ["ü" * 10_000]})
    (sample,) = read(content)
    assert sample.key == "ü" * 2002
