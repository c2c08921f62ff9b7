"""A row of the output, as `pyarrow.Table.to_pylist` gives it, taken apart for showing."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any, cast

from pipelines.display.terminal_safe import plain
from pipelines.operations.row_images import StoredRow
from schemas.tables import RESERVED, info_name

LONGEST = 400  # characters shown of a text
SHORTEST = 40  # characters shown of a name, label or code


@dataclass(frozen=True, slots=True)
class Found:
    """One object of a location task; the box is in pixels of the upright image."""

    label: str
    score: float | None
    box: tuple[float, float, float, float]  # x_min, y_min, x_max, y_max
    mask: Mapping[str, Any] | None  # COCO's run lengths: size [height, width] and counts

    def caption(self) -> str:
        """Such as `star 0.93`."""
        return self.label if self.score is None else f"{self.label} {self.score:.2f}".strip()


def tasks(row: StoredRow) -> list[str]:
    """The names of the task columns, in order."""
    return [name for name in row if info_name(name) in row]


def carried(row: StoredRow) -> list[str]:
    """The names of the carried columns, in order."""
    answers = {column for name in tasks(row) for column in (name, info_name(name))}
    return [name for name in row if name not in RESERVED and name not in answers]


def name(value: object) -> str:
    """A name, code or label as it is shown."""
    return "" if value is None else plain(str(value), SHORTEST)


def text(value: object) -> str:
    """A free text as it is shown."""
    return "" if value is None else plain(str(value), LONGEST)


def pairs(value: object) -> list[tuple[str, Any]]:
    """Name and number of the entries of `scores` or `redactions`."""
    entries = [tuple(entry.values()) for entry in cast(Iterable[Mapping[str, Any]], value or ())]
    return [(name(key), number) for key, number in entries]


def objects(value: object) -> list[Found]:
    """The objects in a location task's value; those without a finite box are left out."""
    found = [_found(item) for item in value] if isinstance(value, list) else []
    return [item for item in found if item is not None and all(map(isfinite, item.box))]


def verdict(row: StoredRow) -> str:
    """The status and, where a sample was not kept, why."""
    why = "/".join(name(row.get(column)) for column in ("filter", "reason") if row.get(column))
    error = f"({name(row['error'])})" if row.get("error") else ""
    return " ".join(part for part in (name(row.get("status")), why, error) if part)


def _found(item: object) -> Found | None:
    try:
        fields = cast(Mapping[str, Any], item)
        edges = [float(fields[edge]) for edge in ("x_min", "y_min", "x_max", "y_max")]
    except (KeyError, TypeError, ValueError):
        return None
    score = fields.get("score")
    return Found(
        label=name(fields.get("label")),
        score=None if score is None else float(score),
        box=(edges[0], edges[1], edges[2], edges[3]),
        mask=fields.get("mask"),
    )
