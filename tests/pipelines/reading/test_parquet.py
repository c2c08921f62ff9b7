"""Tests that every row of a Parquet file is a sample once, whatever other rows contain."""

import io
from contextlib import suppress
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.sample_data import images_column, parquet_bytes

from pipelines.config.input import Input, Limits
from pipelines.reading.formats import open_unit
from pipelines.reading.parquet import read_parquet, read_sizes
from pipelines.reading.parquet_columns import ColumnFault, ImageColumn, check_columns
from pipelines.reading.parquet_footer import read_metadata
from pipelines.reading.raw_sample import RawSample
from pipelines.reading.shard_stream import CountedStream
from pipelines.storage.local import LocalStorage
from schemas.errors import ShardFault
from schemas.sample import Unit

TEXTS = pa.array(["a", None, "ü", ""])
IMAGES = images_column([b"0", b"1", None, b"3"])


def read(
    content: bytes,
    *fields: str,
    groups: tuple[int, int] | None = None,
    first: int = 0,
    **limits: Any,
) -> list[RawSample]:
    unit = Unit("", "", "a.parquet", 0, "", groups, first)
    return list(read_parquet(CountedStream(io.BytesIO(content)), unit, reads(*fields, **limits)))


def reads(*fields: str, **limits: Any) -> Input:
    """Return the `input` of a job that reads these columns."""
    return Input(shards="a.parquet", text=None, carry=fields, limits=Limits(**limits))


INPUT = reads()
WHOLE = Unit("", "", "a.parquet", 0, "")


def fault(content: bytes, *fields: str) -> str:
    with pytest.raises(ShardFault) as caught:
        read(content, *fields)
    return caught.value.reason


def test_hugging_face_image_columns() -> None:
    samples = read(parquet_bytes({"image": IMAGES, "caption": TEXTS, "other": TEXTS}), "caption")
    assert [sample.index for sample in samples] == [0, 1, 2, 3]
    assert [sample.key for sample in samples] == ["0.jpg", "1.jpg", "2.jpg", "3.jpg"]
    assert [sample.image for sample in samples] == [b"0", b"1", b"", b"3"]
    assert [sample.fault for sample in samples] == ["", "", "image_missing", ""]
    assert [sample.fields for sample in samples] == [
        {"caption": b"a"},
        {"caption": None},
        {},
        {"caption": b""},
    ]


def test_rows_that_share_a_large_image_do_not_copy_it() -> None:
    large = pa.DictionaryArray.from_arrays([0] * 64, pa.array([bytes(4 << 20)]))
    options = {"compression": "zstd", "dictionary_pagesize_limit": 1 << 30, "store_schema": False}
    content = parquet_bytes({"jpg": large}, **options)
    assert len(content) < 1 << 16
    stream = CountedStream(io.BytesIO(content))
    before = pa.total_allocated_bytes()
    allocated = [pa.total_allocated_bytes() - before for _ in read_parquet(stream, WHOLE, reads())]
    assert len(allocated) == 64
    assert max(allocated) < 64 << 20


@pytest.mark.parametrize(
    "kind",
    [pa.binary(), pa.large_binary(), pa.binary(1), pa.binary_view()],
)
@pytest.mark.parametrize("text", [pa.string(), pa.large_string(), pa.string_view()])
def test_plain_columns_of_every_binary_type(kind: pa.DataType, text: pa.DataType) -> None:
    columns = {
        "jpg": pa.array([b"x", None, b"y"], kind),
        "txt": pa.array(["a", "b", "c"], text),
        "__key__": pa.array(["k", None, "l"], text),
    }
    samples = read(parquet_bytes(columns), "txt")
    assert [sample.image for sample in samples] == [b"x", b"", b"y"]
    assert [sample.key for sample in samples] == ["k", None, "l"]
    assert [sample.fields for sample in samples] == [{"txt": b"a"}, {}, {"txt": b"c"}]


def test_dictionary_encoded_texts_are_read() -> None:
    columns = {"jpg": pa.array([b"x", b"y"]), "txt": pa.array(["a", "a"]).dictionary_encode()}
    assert [sample.fields["txt"] for sample in read(parquet_bytes(columns), "txt")] == [b"a", b"a"]


def test_values_of_other_types_keep_their_type() -> None:
    meta = pa.array([{"url": "u", "width": 3}])
    columns = {"jpg": [b"x"], "json": meta, "number": [1.5], "tags": [["a", "b"]]}
    (sample,) = read(parquet_bytes(columns), "json", "number", "tags")
    assert sample.fields == {
        "json": {"url": "u", "width": 3},
        "number": pa.scalar(1.5),
        "tags": ["a", "b"],
    }


def test_maps_are_read_as_pairs_and_their_texts_are_limited() -> None:
    kind = pa.map_(pa.string(), pa.string())
    maps = pa.array([[("a", "1"), ("b", None)], None, [("c", "x" * 300)]], kind)
    samples = read(
        parquet_bytes({"jpg": [b"x", b"y", b"z"], "meta": maps}), "meta", max_text_bytes=200
    )
    assert [sample.fault for sample in samples] == ["", "", "text_too_large"]
    assert samples[0].fields == {"meta": [("a", "1"), ("b", None)]}


def test_row_groups_can_be_read_alone_with_continuous_indices() -> None:
    content = parquet_bytes({"jpg": [bytes([n]) for n in range(9)]}, rows_per_group=2)
    assert [(s.index, s.image[0]) for s in read(content, groups=(1, 3), first=2)] == [
        (index, index) for index in range(2, 6)
    ]
    _, rows, sizes = read_sizes(read_metadata(CountedStream(io.BytesIO(content))))
    assert rows == [2, 2, 2, 2, 1]
    assert min(sizes) > 0


@pytest.mark.parametrize(
    ("image", "text", "expected"),
    [(4, 3, ""), (3, 3, "image_too_large"), (4, 2, "text_too_large")],
)
def test_limits_on_bytes_are_inclusive(image: int, text: int, expected: str) -> None:
    content = parquet_bytes({"jpg": [b"1234"], "txt": ["123"]})
    (sample,) = read(content, "txt", max_image_bytes=image, max_text_bytes=text)
    assert sample.fault == expected


def test_invalid_utf8_affects_only_its_own_row() -> None:
    broken = pa.array([b"a", b"\xff", b"c"]).view(pa.string())
    nested = pa.array([["a"], ["b"], ["c"]])
    nested = pa.ListArray.from_arrays(nested.offsets, broken)
    columns = {"jpg": [b"x", b"y", b"z"], "txt": broken, "tags": nested, "__key__": broken}
    samples = read(parquet_bytes(columns), "txt", "tags")
    assert [sample.fault for sample in samples] == ["", "text_unreadable", ""]
    assert [sample.key for sample in samples] == ["a", "\udcff", "c"]
    assert [s.fields["txt"] for s in read(parquet_bytes(columns), "txt")] == [b"a", b"\xff", b"c"]


SCHEMAS: dict[str, tuple[dict[str, pa.DataType], str | None]] = {
    "the only struct with bytes": (
        {"a": pa.binary(), "x": IMAGES.type, "image": pa.string()},
        "x",
    ),
    "the only binary column of such a name": ({"a": pa.binary(), "jpg": pa.binary()}, "jpg"),
    "two of such a name": ({"png": pa.binary(), "jpg": pa.binary()}, None),
    "two structs, and a name": ({"image": IMAGES.type, "mask": IMAGES.type}, "image"),
    "two structs": ({"left": IMAGES.type, "right": IMAGES.type}, None),
    "binary of another name": ({"embedding": pa.binary()}, None),
    "no binary": ({"image": pa.string(), "jpg": pa.struct([("path", pa.string())])}, None),
}


@pytest.mark.parametrize(("columns", "image_column"), SCHEMAS.values(), ids=SCHEMAS)
def test_the_image_column_is_chosen(
    columns: dict[str, pa.DataType], image_column: str | None
) -> None:
    schema = pa.schema(list(columns.items()))
    if image_column:
        assert check_columns(schema, [], INPUT) == [ImageColumn(image_column)]
    else:
        with pytest.raises(ColumnFault, match="columns that may hold images"):
            check_columns(schema, [], INPUT)


@pytest.mark.parametrize(
    ("fields", "image", "message"),
    [
        (["txt"], None, "is not there: it has jpg, cls"),
        (["cls"], None, "occurs twice"),
        ([], "cls", "occurs twice"),
        ([], "png", "is not there"),
    ],
)
def test_unreadable_columns_are_reported(
    fields: list[str], image: str | None, message: str
) -> None:
    schema = pa.schema([("jpg", pa.binary()), ("cls", pa.int64()), ("cls", pa.int64())])
    with pytest.raises(ColumnFault, match=message):
        check_columns(schema, fields, INPUT.model_copy(update={"image": image}))


def test_a_missing_column_is_a_fault() -> None:
    assert fault(parquet_bytes({"jpg": [b"x"]}), "txt") == "columns_missing"
    assert fault(parquet_bytes({"txt": ["x"]}), "txt") == "columns_missing"


GOOD = parquet_bytes(
    {"jpg": [bytes([n]) * 50 for n in range(40)], "txt": [f"text {n}" for n in range(40)]},
    rows_per_group=8,
    write_page_checksum=True,
)


def test_other_data_and_cut_files_are_faults() -> None:
    for content in (b"", b"x", b"PAR1", b"<html>" * 100, b"PAR1" * 2, bytes(100)):
        assert fault(content) in ("shard_unreadable", "shard_truncated")
    for end in range(4, len(GOOD) - 4, 37):
        assert fault(GOOD[:end]) == "shard_truncated"


def test_a_flipped_byte_is_a_fault_after_the_earlier_row_groups(tmp_path: Path) -> None:
    at = GOOD.index(b"text 39") + 5
    content = GOOD[:at] + bytes([GOOD[at] ^ 1]) + GOOD[at + 1 :]
    path = tmp_path / "a.parquet"
    path.write_bytes(content)
    unit = Unit("a", str(path), "a.parquet", len(content), "")
    salvaging = reads("txt").model_copy(update={"on_bad_shard": "salvage"})
    with open_unit(unit, LocalStorage(), salvaging) as samples:
        assert [sample.index for sample in samples] == list(range(32))
        assert samples.fault is not None
        assert samples.fault.reason == "shard_damaged"


@given(st.lists(st.tuples(st.integers(0, len(GOOD) - 1), st.integers(0, 255)), max_size=4))
def test_damaged_bytes_raise_only_shard_faults(changes: list[tuple[int, int]]) -> None:
    content = bytearray(GOOD)
    for at, value in changes:
        content[at] = value
    with suppress(ShardFault):
        read(bytes(content), "txt")


def test_storage_errors_are_not_shard_faults() -> None:
    class Failing(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if self.tell() < len(GOOD) // 2:
                raise OSError(5, "Input/output error")
            return super().read(size)

    with pytest.raises(OSError, match="Input/output") as caught:
        list(read_parquet(CountedStream(Failing(GOOD)), WHOLE, reads("txt")))
    assert caught.value.errno == 5
