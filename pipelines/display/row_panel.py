"""Shows one row as a panel in a terminal."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from pipelines.display.row_fields import (
    ShownObject,
    carried_names,
    has_images,
    is_video,
    long_text,
    named_numbers,
    short_text,
    shown_objects,
    status_text,
    task_names,
)
from pipelines.operations.stored_samples.row_images import StoredRow
from schemas.counted import counted
from schemas.tables import info_name

COLORS = {"kept": "green", "dropped": "red", "quarantined": "yellow", "invalid": "magenta"}


def row_panel(row: StoredRow) -> Panel:
    """Build a panel of a row: status, scores, redactions, texts and every task's answer."""
    color = COLORS.get(str(row.get("status")), "white")
    body = Table.grid(padding=(0, 2))
    body.add_column(style="bold", no_wrap=True)
    body.add_column(overflow="fold")
    for heading, value in _lines(row, color):
        body.add_row(Text(heading), value)
    key = short_text(row.get("key"))
    title = Text.assemble(
        (short_text(row.get("shard")), "bold"),
        f" #{short_text(row.get('index'))}",
        (f" {key}" if key else "", "dim"),
    )
    return Panel(body, title=title, title_align="left", border_style=color)


def _lines(row: StoredRow, color: str) -> Iterable[tuple[str, Text]]:
    """Yield heading and value of each line of the panel."""
    yield "status", Text(status_text(row), style=f"bold {color}")
    if scores := named_numbers(row.get("scores")):
        line = "  ".join(f"{name} {value:.4g}" for name, value in scores)
        yield "scores", Text(line, style="dim")
    if redactions := named_numbers(row.get("redactions")):
        yield "redacted", Text("  ".join(f"{name} {count}" for name, count in redactions))
    if row.get("width") is not None:
        images = cast(Sequence[Mapping[str, Any]], row["images"]) if has_images(row) else [row]
        size = " and ".join(f"{each['width']} x {each['height']}" for each in images) + " pixels"
        size += _frames(row)
        if row.get("truncated"):
            size += f", truncated, {cast(float, row['decoded_rows']):.1%} of the rows are there"
        kind = "video" if is_video(row) else "images" if len(images) > 1 else "image"
        yield kind, Text.assemble(size, (f"  sha256 {short_text(row['sha256'])[:12]}", "dim"))
    for name in ["source_text", *carried_names(row)]:
        if row.get(name) is not None:
            yield short_text(name), Text(long_text(row[name]))
    for name in task_names(row):
        info = cast(Mapping[str, Any] | None, row[info_name(name)])
        if info is not None:
            yield short_text(name), Text("\n").join(_answer(row[name], info))


def _frames(row: StoredRow) -> str:
    """Say how many frames a row's image or video has, and how long they are shown."""
    number, seconds, rate = (row.get(name) for name in ("num_frames", "duration", "fps"))
    text = f", {counted(number, 'frame')}" if isinstance(number, int) and number > 1 else ""
    if is_video(row) and isinstance(seconds, float):
        text += f", {seconds:,.2f} seconds"
    if is_video(row) and isinstance(rate, float):
        text += f", {rate:.4g} frames a second"
    return text


def _answer(value: object, info: Mapping[str, Any]) -> Iterable[Text]:
    """Yield a task's value, its generation info and, if parsing was partial, the raw text."""
    if isinstance(value, list):
        lines = [Text(_object_line(item)) for item in shown_objects(value)]
        yield from lines or [Text("nothing found", style="italic")]
    elif isinstance(value, Mapping) and isinstance(value.get("phrases"), list):
        yield from _phrase_lines(value["phrases"])
    elif value is not None:
        yield Text(long_text(value)) if value else Text("empty", style="italic")
    yield Text(_info_line(info), style="dim")
    if info.get("status") == "partial" and info.get("raw"):
        yield Text(f"raw: {long_text(info['raw'])}", style="dim")


def _object_line(item: ShownObject) -> str:
    """Describe an object, such as `star 0.93 [12 40 96 120] with mask`."""
    box = " ".join(f"{edge:.0f}" for edge in item.box)
    return f"{item.caption()} [{box}]{' with mask' if item.mask else ''}".strip()


def _phrase_lines(phrases: Sequence[Mapping[str, Any]]) -> Iterable[Text]:
    """Yield how many phrases of a caption were found, then each phrase with its boxes."""
    if not phrases:
        yield Text("no phrases", style="italic")
        return
    number = sum(bool(each["found"]) for each in phrases)
    yield Text(f"{number} of {counted(len(phrases), 'phrase')} found")
    for each in phrases:
        boxes = ", ".join(_object_line(box) for box in shown_objects(each["boxes"]))
        yield Text(f"{short_text(each['phrase'])}: {boxes or 'not found'}")


def _info_line(info: Mapping[str, Any]) -> str:
    parts = [short_text(info.get(part)) for part in ("status", "finish_reason")]
    if info.get("num_tokens") is not None:
        parts.append(counted(info["num_tokens"], "token"))
    if info.get("mean_logprob") is not None:
        parts.append(f"mean log-probability {info['mean_logprob']:z.2f}")
    return ", ".join(part for part in parts if part)
