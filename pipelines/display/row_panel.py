"""One row as a panel in a terminal."""

from collections.abc import Iterable, Mapping
from typing import Any, cast

from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from pipelines.display import row_fields as stored
from pipelines.operations.row_images import StoredRow
from schemas.tables import info_name

COLOURS = {"kept": "green", "dropped": "red", "quarantined": "yellow", "invalid": "magenta"}


def panel(row: StoredRow) -> Panel:
    """All that the row says: what was decided, on what scores, and every task's answer."""
    colour = COLOURS.get(str(row.get("status")), "white")
    body = Table.grid(padding=(0, 2))
    body.add_column(style="bold", no_wrap=True)
    body.add_column(overflow="fold")
    for heading, value in _lines(row, colour):
        body.add_row(Text(heading), value)
    key = stored.name(row.get("key"))
    title = Text.assemble(
        (stored.name(row.get("shard")), "bold"),
        f" #{stored.name(row.get('index'))}",
        (f" {key}" if key else "", "dim"),
    )
    return Panel(body, title=title, title_align="left", border_style=colour)


def _lines(row: StoredRow, colour: str) -> Iterable[tuple[str, Text]]:
    """Heading and value of each line of the panel."""
    yield "status", Text(stored.verdict(row), style=f"bold {colour}")
    if scores := stored.pairs(row.get("scores")):
        told = "  ".join(f"{name} {value:.4g}" for name, value in scores)
        yield "scores", Text(told, style="dim")
    if redactions := stored.pairs(row.get("redactions")):
        yield "redacted", Text("  ".join(f"{name} {count}" for name, count in redactions))
    if row.get("width") is not None:
        size = f"{row['width']} x {row['height']} pixels"
        yield "image", Text.assemble(size, (f"  sha256 {stored.name(row['sha256'])[:12]}", "dim"))
    for name in ["source_text", *stored.carried(row)]:
        if row.get(name) is not None:
            yield stored.name(name), Text(stored.text(row[name]))
    for name in stored.tasks(row):
        info = cast(Mapping[str, Any] | None, row[info_name(name)])
        if info is not None:
            yield stored.name(name), Text("\n").join(_answer(row[name], info))


def _answer(value: object, info: Mapping[str, Any]) -> Iterable[Text]:
    """A task's value, then how it came about; the model's own text where it was not all read."""
    if isinstance(value, list):
        found = stored.objects(value)
        yield from [Text(_place(item)) for item in found] or [Text("nothing found", style="italic")]
    elif value is not None:
        yield Text(stored.text(value)) if value else Text("empty", style="italic")
    yield Text(_history(info), style="dim")
    if info.get("status") == "partial" and info.get("raw"):
        yield Text(f"raw: {stored.text(info['raw'])}", style="dim")


def _place(item: stored.Found) -> str:
    """Such as `star 0.93 [12 40 96 120] with mask`."""
    box = " ".join(f"{edge:.0f}" for edge in item.box)
    return f"{item.caption()} [{box}]{' with mask' if item.mask else ''}".strip()


def _history(info: Mapping[str, Any]) -> str:
    parts = [stored.name(info.get(part)) for part in ("status", "finish_reason")]
    if info.get("num_tokens") is not None:
        parts.append(f"{info['num_tokens']} tokens")
    if info.get("mean_logprob") is not None:
        parts.append(f"mean log-probability {info['mean_logprob']:.2f}")
    return ", ".join(part for part in parts if part)
