"""Tests the reader of Thrift's compact protocol with values that were encoded by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.handmade_parquet import binary, elements, i32, i64, struct, structs, varint, zigzag

from pipelines.reading.thrift_compact import (
    BINARY,
    DOUBLE,
    FALSE,
    I32,
    LIST,
    MAP,
    SET,
    STRUCT,
    TRUE,
    CompactReader,
)

EVERY_TYPE = struct(
    {
        1: (TRUE, b""),
        2: (FALSE, b""),
        3: (3, b"\xff"),
        4: i32(-5),
        5: i64(1 << 40),
        6: (DOUBLE, bytes(8)),
        7: binary(b"text"),
        8: elements(I32, [zigzag(number) for number in range(20)]),
        9: (SET, elements(BINARY, [binary(b"a")[1]])[1]),
        10: (MAP, varint(2) + bytes([BINARY << 4 | I32]) + (binary(b"k")[1] + zigzag(1)) * 2),
        11: (MAP, varint(0)),
        12: elements(TRUE, [b"\1", b"\2"]),
        400: structs([struct({1: i32(1)}), struct({})]),
        401: (STRUCT, struct({1: (STRUCT, struct({}))})),
    }
)


def reader(data: bytes, max_steps: int = 1000) -> CompactReader:
    return CompactReader(data, max_steps=max_steps)


def test_every_type_is_skipped_up_to_its_last_byte() -> None:
    skipping = reader(EVERY_TYPE + b"more")
    skipping.skip(STRUCT)
    assert skipping.position == len(EVERY_TYPE)
    assert skipping.elements == 20 + 1 + 4 + 2 + 2
    fields = []
    walking = reader(EVERY_TYPE)
    for number, kind in walking.fields():
        fields.append(number)
        walking.skip(kind)
    assert fields == [*range(1, 13), 400, 401]


def test_data_that_end_too_early_are_told_from_malformed_data() -> None:
    for end in range(len(EVERY_TYPE)):
        with pytest.raises(IndexError):
            reader(EVERY_TYPE[:end]).skip(STRUCT)


@given(st.integers(-(1 << 31), (1 << 31) - 1))
def test_numbers(number: int) -> None:
    assert reader(zigzag(number)).integer(32) == number


@pytest.mark.parametrize("data", [varint(1 << 32), varint(1 << 63), b"\x80" * 11])
def test_numbers_of_too_many_bits_are_malformed(data: bytes) -> None:
    with pytest.raises(ValueError, match="bits"):
        reader(data).integer(32)


@pytest.mark.parametrize("kind", [0, 13, 14, 15])
def test_unknown_types_are_malformed(kind: int) -> None:
    with pytest.raises(ValueError, match="unknown type"):
        reader(bytes([0x10 | kind, 0])).skip(STRUCT)


def test_deep_and_long_values_are_refused() -> None:
    with pytest.raises(ValueError, match="too deep"):
        reader(bytes([0x1C]) * 100).skip(STRUCT)
    with pytest.raises(ValueError, match="too deep"):
        reader(bytes([0x10 | LIST]) * 100).skip(LIST)
    for endless in (bytes([0x11]) * 2000, struct({1: elements(TRUE, [], 1 << 31)})):
        with pytest.raises(OverflowError):
            reader(endless).skip(STRUCT)


@given(st.binary(max_size=200))
def test_any_data_raise_only_these_errors(data: bytes) -> None:
    try:
        reader(data).skip(STRUCT)
    except (IndexError, ValueError, OverflowError) as error:
        assert type(error) in (IndexError, ValueError, OverflowError)  # noqa: PT017
