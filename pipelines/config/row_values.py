"""Computes values of rows with Arrow, in SQL's three-valued logic: columns, fields, comparisons."""

from collections.abc import Callable
from typing import Any

import pyarrow as pa

from schemas.known_names import known_names

# From rows to an array with a value of each row, or to a scalar that is the value of every row.
Evaluate = Callable[[pa.RecordBatch], Any]


class UnknownName(Exception):
    """Rows have no column or field of this name; the text names those that it may mean."""

    def __init__(self, text: str, of_columns: bool = False) -> None:
        super().__init__(text)
        self.of_columns = of_columns  # a column is missing


def constant(value: object) -> Evaluate:
    """Return a function that gives a constant."""
    scalar = pa.scalar(value)
    return lambda batch: scalar


def call(function: str, *operands: Evaluate) -> Evaluate:
    """Return a function that gives what a function of `pyarrow.compute` makes of operands."""

    def evaluate(batch: pa.RecordBatch) -> Any:
        import pyarrow.compute as pc  # a slow import

        return pc.call_function(function, [operand(batch) for operand in operands])

    return evaluate


def column(name: str, batch: pa.RecordBatch) -> Any:
    """Return a column; upper and lower case are the same, as in SQL."""
    return batch[_spelled(name, batch.schema.names, "column", "")]


def field(value: Evaluate, name: str, place: str, batch: pa.RecordBatch) -> Any:
    """Return a field of a struct; `place` is the struct's name in errors."""
    import pyarrow.compute as pc

    structs = value(batch)
    known = structs.type.names if pa.types.is_struct(structs.type) else []
    return pc.struct_field(structs, _spelled(name, known, "field", f"{place}."))


def named(value: Evaluate, name: str, place: str, batch: pa.RecordBatch) -> Any:
    """Return the value of a name in lists of pairs, such as `scores`; null where it is missing."""
    lists = value(batch)
    pairs = lists.type.value_type if pa.types.is_list(lists.type) else None
    if pairs is None or not pa.types.is_struct(pairs) or pairs.num_fields != 2:
        raise UnknownName(f"{place} has no named values: scores and redactions have")
    key, kept = pairs.names
    found = ({each[key]: each[kept] for each in row or ()} for row in lists.to_pylist())
    return pa.array([row.get(name) for row in found], pairs.field(1).type)


def length(value: Evaluate, batch: pa.RecordBatch) -> Any:
    """Return the number of characters of texts, or of elements of lists."""
    import pyarrow.compute as pc

    measured = value(batch)
    is_list = pa.types.is_list(measured.type)
    return pc.list_value_length(measured) if is_list else pc.utf8_length(measured)


def _spelled(name: str, known: list[str], what: str, prefix: str) -> str:
    """Return a name as the schema spells it; raise UnknownName if it has no such name."""
    spelled = [each for each in known if each.casefold() == name.casefold()]
    if not spelled:
        text = f"has no {what} {prefix}{name}: it has {known_names(name, known)}"
        raise UnknownName(text, of_columns=what == "column")
    return spelled[0]
