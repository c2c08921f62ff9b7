"""Units in columns: a million of them take little more memory than their names and paths."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from itertools import islice, pairwise
from typing import Any, Self, overload

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from schemas.sample import Unit
from schemas.tables import MANIFEST

Positions = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

MISSING = -1  # instead of a position

_FIELDS = {"row_groups": "slice"}  # column -> field of Unit, if their names differ
_BATCH = 4096  # units that are objects at the same time


class NameIndex:
    """A sorted column of distinct names, and where each name is in it.

    Looking names up in about their order is quick.
    """

    _BLOCK = 256  # names that are decoded at once

    def __init__(self, names: pa.StringArray) -> None:
        self.names = names
        self._firsts = [names[row].as_py() for row in range(0, len(names), self._BLOCK)]
        self._decoded: tuple[int, list[str]] = (-1, [])  # a block and its names

    @classmethod
    def of(cls, names: Iterable[str]) -> Self:
        return cls(pa.array(sorted(set(names)), pa.string()))

    def __len__(self) -> int:
        return len(self.names)

    def find(self, name: str) -> int | None:
        """Return the position of a name; None if it is none of these names."""
        block = bisect_right(self._firsts, name) - 1
        if block < 0:
            return None
        number, names = self._decoded
        if number != block:
            names = self.names[block * self._BLOCK : (block + 1) * self._BLOCK].to_pylist()
            self._decoded = (block, names)  # in one step, because several threads look up
        row = bisect_left(names, name)
        return block * self._BLOCK + row if row < len(names) and names[row] == name else None


class Units(Sequence[Unit]):
    """A sequence of units in columns; each Unit is made when it is asked for."""

    def __init__(self, table: pa.Table, rows: Positions | None = None) -> None:
        """Take the units of a table with the schema MANIFEST, or those in these rows of it."""
        if any(column.num_chunks != 1 for column in table.columns):
            table = pa.table([_in_one_chunk(column) for column in table.columns], MANIFEST)
        self._table = table
        self._columns: list[pa.Array] = [column.chunk(0) for column in table.columns]
        self._rows = rows

    @classmethod
    def of(cls, units: Iterable[Unit]) -> "Units":
        """Return these units in their order; the iterable is read in batches."""
        if isinstance(units, Units):
            return units
        batches = []
        rest = iter(units)
        while batch := list(islice(rest, _BATCH)):
            columns = {
                name: [getattr(unit, _FIELDS.get(name, name)) for unit in batch]
                for name in MANIFEST.names
            }
            batches.append(pa.record_batch(columns, MANIFEST))
        return cls(pa.Table.from_batches(batches, MANIFEST))

    @property
    def table(self) -> pa.Table:
        """The units in their order, with the schema MANIFEST."""
        rows = self._rows
        if rows is None or np.array_equal(rows, np.arange(len(self._table))):
            return self._table
        if len(rows) == 0:  # `take` imports pyarrow.compute, which takes 0.1 s
            return MANIFEST.empty_table()
        return self._table.take(pa.array(rows))

    @cached_property
    def names(self) -> NameIndex:
        """The names of the units, which must be sorted and distinct."""
        return NameIndex(self.table["name"].chunk(0))

    def column(self, name: str) -> Iterator[str]:
        """Yield the text of one column: `name`, `path`, `shard` or `version`."""
        column = self._columns[MANIFEST.get_field_index(name)]
        if self._rows is not None:
            yield from (column[row].as_py() for row in self._rows)
            return
        for start in range(0, len(column), _BATCH):
            yield from column[start : start + _BATCH].to_pylist()

    def sizes(self) -> Positions:
        """Return the bytes of each unit."""
        sizes: Positions = self._columns[MANIFEST.get_field_index("size")].to_numpy()
        return sizes if self._rows is None else sizes[self._rows]

    def sliced(self) -> Mask:
        """Return which units are slices of a shard."""
        slices = self._columns[MANIFEST.get_field_index("row_groups")]
        if slices.null_count in (0, len(slices)):  # `is_valid` imports pyarrow.compute
            sliced: Mask = np.full(len(slices), slices.null_count == 0)
        else:
            sliced = slices.is_valid().to_numpy(zero_copy_only=False)
        return sliced if self._rows is None else sliced[self._rows]

    def find(self, name: str) -> Unit | None:
        """Return the unit of this name, of units that are sorted; None if there is none."""
        position = self.names.find(name)
        return None if position is None else self[position]

    def take(self, positions: npt.ArrayLike) -> "Units":
        """Return the units at these positions, or those where a mask is true; nothing is copied."""
        rows = np.arange(len(self._table)) if self._rows is None else self._rows
        return Units(self._table, rows[np.asarray(positions)])

    def is_sorted(self) -> bool:
        """Return whether the names are sorted; names may repeat."""
        return all(one <= other for one, other in pairwise(self.column("name")))

    def sorted(self) -> "Units":
        """Return the units sorted by name; units of equal names keep their order."""
        if self.is_sorted():
            return self
        names = list(self.column("name"))
        order = sorted(range(len(names)), key=names.__getitem__)
        return Units(self.take(order).table)

    def match(self, shards: "Units") -> Positions:
        """Return the position in `shards` of each unit's shard, or MISSING."""
        own, theirs = self.table["shard"].chunk(0), shards.table["shard"].chunk(0)
        if own.equals(theirs):
            return np.arange(len(self))
        import pyarrow.compute as pc  # takes 0.1 s, which plans of the same shards do not need

        matches: Positions = pc.fill_null(pc.index_in(own, theirs), MISSING).to_numpy()
        return matches.astype(np.int64)

    def matched(self, column: str, matches: Positions) -> pa.Array:
        """Return the values of a column at the positions `matches`; null at MISSING."""
        values = self.table[column].chunk(0)
        if np.array_equal(matches, np.arange(len(values))):
            return values
        return values.take(pa.array(matches, mask=matches == MISSING))

    def differing(self, column: str, values: pa.Array) -> Mask:
        """Return which units have another text in a column than `values`, where these have one."""
        own = self.table[column].chunk(0)
        if own.equals(values):
            return np.zeros(len(self), np.bool_)
        import pyarrow.compute as pc

        differs: Mask = pc.fill_null(pc.not_equal(own, values), False).to_numpy(
            zero_copy_only=False
        )
        return differs

    def replace(self, column: str, values: pa.Array, positions: Positions | None = None) -> "Units":
        """Return the units with other values in a column, or at some positions of it.

        A value of null stands for the unit's own.
        """
        table = self.table
        if positions is not None:
            mask = np.zeros(len(self), np.bool_)
            mask[positions] = True
            import pyarrow.compute as pc

            values = pc.replace_with_mask(table[column].chunk(0), pa.array(mask), values)
        elif values.null_count:
            import pyarrow.compute as pc

            values = pc.coalesce(values, table[column].chunk(0))
        position = MANIFEST.get_field_index(column)
        return Units(table.set_column(position, MANIFEST.field(position), values))

    def plus(self, others: Iterable[Unit]) -> "Units":
        """Return these units and then the others."""
        return Units(pa.concat_tables([self.table, Units.of(others).table]))

    def __len__(self) -> int:
        return len(self._table) if self._rows is None else len(self._rows)

    @overload
    def __getitem__(self, position: int) -> Unit: ...
    @overload
    def __getitem__(self, position: slice) -> "Units": ...
    def __getitem__(self, position: int | slice) -> "Unit | Units":
        if isinstance(position, slice):
            return self.take(np.arange(len(self))[position])
        if not -len(self) <= position < len(self):
            raise IndexError(position)
        row = int(position % len(self) if self._rows is None else self._rows[position])
        return _unit([column[row].as_py() for column in self._columns])

    def __iter__(self) -> Iterator[Unit]:
        if self._rows is not None:
            yield from (self[position] for position in range(len(self)))
            return
        for start in range(0, len(self), _BATCH):
            batch = (column[start : start + _BATCH].to_pylist() for column in self._columns)
            yield from map(_unit, zip(*batch, strict=True))

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Units) and self._rows is None and other._rows is None:
            return bool(self._table.equals(other._table))
        if not isinstance(other, Sequence) or isinstance(other, str):
            return NotImplemented
        return len(self) == len(other) and all(map(Unit.__eq__, self, other))

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Units({', '.join(map(repr, islice(self, 3)))}{', ...' * (len(self) > 3)})"


def count_shards(units: Iterable[Unit]) -> int:
    """Count the shards of units: a large shard may be several units."""
    if not isinstance(units, Units):
        return len({unit.shard for unit in units})
    sliced = units.sliced()
    slices = units.take(sliced)
    return len(units) - len(slices) + len(set(slices.column("shard")))


def sum_sizes(units: Iterable[Unit]) -> int:
    """Return the bytes of all units."""
    if isinstance(units, Units):
        return int(units.sizes().sum())
    return sum(unit.size for unit in units)


def _in_one_chunk(column: pa.ChunkedArray) -> pa.Array:
    chunks = column.chunks
    return pa.concat_arrays(chunks) if chunks else pa.array([], column.type)


def _unit(row: Sequence[Any]) -> Unit:
    """Return the unit of a row of MANIFEST."""
    name, path, shard, size, version, ends, first_index = row
    return Unit(name, path, shard, size, version, ends and (ends[0], ends[1]), first_index)
