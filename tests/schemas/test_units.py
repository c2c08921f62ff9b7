"""Units in columns are the units that were given, and take little memory."""

import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from random import Random

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.output.manifest import manifest_bytes
from schemas.sample import Unit
from schemas.units import MISSING, NameIndex, Units, count_shards, sum_sizes


def unit(number: int, version: str = "1") -> Unit:
    return Unit(f"{number:05}", f"/data/{number:05}.tar", f"{number:05}.tar", number % 7, version)


SLICED = [
    unit(1),
    unit(2).with_slice((0, 3), 0, 10),
    unit(2).with_slice((3, 4), 90, 11),
    replace(unit(3), name="ü/3"),
]


def test_units_are_a_sequence() -> None:
    units = Units.of(iter(SLICED))
    assert units == SLICED
    assert units == tuple(SLICED)
    assert units == Units.of(SLICED)
    assert units != SLICED[1:]
    assert units != "units"
    assert (list(units), len(units), units[-1], units[1]) == (SLICED, 4, SLICED[3], SLICED[1])
    assert (units[1:], units[::-2], units[5:]) == (SLICED[1:], SLICED[::-2], [])
    assert SLICED[2] in units
    with pytest.raises(IndexError):
        units[4]
    with pytest.raises(IndexError):
        units[1:3][-3]
    assert (len(Units.of(())), list(Units.of(()))) == (0, [])


def test_a_selection_of_units_is_one_of_their_kind() -> None:
    units = Units.of(SLICED)
    chosen = units.take([3, 0, 1]).take(np.array([True, False, True]))
    assert chosen == [SLICED[3], SLICED[1]]
    assert list(chosen) == list(Units(chosen.table)) == [SLICED[3], SLICED[1]]
    assert list(chosen.column("name")) == ["ü/3", SLICED[1].name]
    assert (chosen.sizes().tolist(), sum_sizes(chosen)) == ([3, 10], 13)
    assert chosen.plus([SLICED[2]]) == [SLICED[3], SLICED[1], SLICED[2]]


def test_shards_are_counted_once() -> None:
    assert count_shards(Units.of(SLICED)) == count_shards(SLICED) == 3
    assert sum_sizes(Units.of(SLICED)) == sum_sizes(SLICED) == 25


def test_sorting_keeps_the_order_of_equal_names() -> None:
    one, other = unit(1), replace(unit(1), path="/other")
    assert Units.of([unit(3), one, unit(2), other]).sorted() == [one, other, unit(2), unit(3)]
    units = Units.of([one, unit(2)])
    assert units.sorted() is units


def test_units_take_paths_and_versions_of_their_shards() -> None:
    before = Units.of(SLICED)
    moved = [
        replace(shard, path=f"/moved/{shard.shard}", version="2") for shard in (unit(0), unit(2))
    ]
    shards = Units.of(moved)
    matches = before.match(shards)
    assert matches.tolist() == [MISSING, 1, 1, MISSING]
    versions = shards.matched("version", matches)
    assert before.differing("version", versions).tolist() == [False, True, True, False]
    after = before.replace("version", versions)
    after = after.replace("path", shards.matched("path", matches))
    assert after == [
        SLICED[0],
        *(replace(each, path="/moved/00002.tar", version="2") for each in SLICED[1:3]),
        SLICED[3],
    ]
    last = after.replace("path", pa.array(["/last"]), np.array([3]))
    assert last == [*after[:3], replace(SLICED[3], path="/last")]
    same = Units.of([unit(1), unit(2)])
    assert same.match(same).tolist() == [0, 1]
    versions = same.matched("version", same.match(same))
    assert not same.differing("version", versions).any()
    assert same.replace("version", versions) == same


@settings(max_examples=30)
@given(st.integers(0, 1000), st.randoms(use_true_random=False))
def test_an_index_finds_the_names_that_it_has(number: int, random: Random) -> None:
    names = [str(each) for each in random.sample(range(2000), number)]
    index = NameIndex.of(names)
    assert [index.find(name) for name in sorted(names)] == list(range(len(index)))
    others = ["", "é", *map(str, range(0, 2000, 17))]
    assert all((index.find(other) is None) == (other not in names) for other in others)


def test_the_bytes_of_a_manifest_follow_from_the_units() -> None:
    many = [unit(number) for number in range(9000)]
    whole = manifest_bytes(many)
    assert manifest_bytes(Units.of(many[:7]).plus(many[7:])) == whole
    assert manifest_bytes(Units.of([*many, unit(1)]).take(range(9000))) == whole


def test_units_take_less_memory_than_objects() -> None:
    def shards() -> Iterator[Unit]:
        return (unit(number) for number in range(20_000))

    Units.of(list(shards())[:1])  # imports
    tracemalloc.start()
    try:
        units = Units.of(shards()).sorted()
        pending = units.take(np.arange(0, 20_000, 2))
        assert pending[9_999].name == "19998"
        held, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # Arrow's memory is not traced: it is that of the texts and numbers alone.
    assert units.table.nbytes <= 20_000 * 100
    assert held < 20_000 * 20  # positions of 8 bytes, and an index
    assert peak < 20_000 * 40 + 4_000_000  # a batch of 4096 units as objects
