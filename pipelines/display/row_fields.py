"""Reads the fields of a stored row for display: names, texts, objects, status."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING, Any, cast

from pipelines.display.terminal_safe import plain
from pipelines.rows.output_row import OutputRow
from schemas.tables import (
    IMAGES,
    RESERVED,
    VIDEO,
    info_name,
    task_columns,
)

if TYPE_CHECKING:
    from pipelines.operations.stored_samples.row_images import StoredRow

MAX_TEXT = 400  # characters of a text that are shown
MAX_NAME = 40  # characters of a name, label or code that are shown


@dataclass(frozen=True, slots=True)
class ShownObject:
    """One object of a location task; its box is in pixels of the upright image."""

    label: str
    score: float | None
    box: tuple[float, float, float, float]  # x_min, y_min, x_max, y_max
    mask: object  # as the row has it: COCO's run lengths, or None

    def caption(self) -> str:
        """Return label and score, such as `star 0.93`."""
        return self.label if self.score is None else f"{self.label} {self.score:.2f}".strip()


def task_names(row: "StoredRow") -> list[str]:
    """Return the names of the task columns, in order."""
    return [name for name in row if info_name(name) in row]


def carried_names(row: "StoredRow") -> Sequence[str]:
    """Return the names of the carried columns, in order."""
    if isinstance(row, OutputRow):
        return row.carried
    others = RESERVED.union(*map(task_columns, task_names(row)))
    own = IMAGES if has_images(row) else ()
    return [name for name in row if name not in others and name not in own]


def is_video(row: "StoredRow") -> bool:
    """Return whether a row of an output is about a video, and `duration` is the video's."""
    return (
        isinstance(row, OutputRow) and VIDEO.keys() <= row.keys() and "duration" not in row.carried
    )


def has_images(row: "StoredRow") -> bool:
    """Return whether the column `images` is that of a sample's images, and nobody's own."""
    value = row.get("images")
    return isinstance(value, list) and all(
        isinstance(each, Mapping) and "sha256" in each for each in value
    )


def short_text(value: object) -> str:
    """Return a name, code or label as one printable line of at most MAX_NAME characters."""
    return "" if value is None else plain(str(value), MAX_NAME)


def long_text(value: object) -> str:
    """Return a text, a list or another value as one printable line, at most MAX_TEXT characters."""
    if isinstance(value, bool | list):
        value = json.dumps(value, ensure_ascii=False)
    return "" if value is None else plain(str(value), MAX_TEXT)


def named_numbers(value: object) -> list[tuple[str, Any]]:
    """Return each entry of `scores` or `redactions` as a name and a number."""
    entries = [tuple(entry.values()) for entry in cast(Iterable[Mapping[str, Any]], value or ())]
    return [(short_text(key), number) for key, number in entries]


def shown_objects(value: object) -> list[ShownObject]:
    """Return the objects of a location task's value, except objects without a finite box."""
    objects = [_shown_object(item) for item in value] if isinstance(value, list) else []
    return [item for item in objects if item is not None and all(map(isfinite, item.box))]


def status_text(row: "StoredRow") -> str:
    """Return the status, followed by filter, reason and error if the row has them."""
    columns = ("filter", "reason")
    reason = "/".join(short_text(row.get(column)) for column in columns if row.get(column))
    error = f"({short_text(row['error'])})" if row.get("error") else ""
    return " ".join(part for part in (short_text(row.get("status")), reason, error) if part)


def _shown_object(item: object) -> ShownObject | None:
    try:
        fields = cast(Mapping[str, Any], item)
        edges = [float(fields[edge]) for edge in ("x_min", "y_min", "x_max", "y_max")]
        score = fields.get("score")
        score = None if score is None else float(score)
    except (KeyError, TypeError, ValueError):
        return None
    return ShownObject(
        label=short_text(fields.get("label", fields.get("text"))),
        score=score,
        box=(edges[0], edges[1], edges[2], edges[3]),
        mask=fields.get("mask"),
    )
