"""Shows one sample as its shard holds it, with the filters' verdicts, in a terminal."""

from collections.abc import Iterable, Mapping
from itertools import islice

import pyarrow as pa
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from pipelines.display.row_fields import long_text, short_text, status_text
from pipelines.display.row_panel import COLORS, row_panel
from pipelines.operations.look import LookedSample
from pipelines.reading.raw_sample import Field
from pipelines.reading.text_fields import scalar_text
from pipelines.rows.row import ImageState

_MAX_ITEMS = 10  # of a list or struct that are shown
_HIDDEN = "the content of such a sample is shown nowhere"
_CHANGED = "the shard has changed since: the stored row may be of another sample"


def looked_sample(looked: LookedSample) -> Iterable[Panel]:
    """Build a panel of the sample, and a panel of its stored row if it has one."""
    color = COLORS.get(looked.status, "white")
    body = Table.grid(padding=(0, 2))
    body.add_column(style="bold", no_wrap=True)
    body.add_column(overflow="fold")
    for heading, value in _lines(looked, color):
        body.add_row(Text(heading), value)
    title = Text.assemble(
        (short_text(looked.shard), "bold"),
        f" #{looked.index}",
        (f" {short_text(looked.key)}" if looked.key else "", "dim"),
    )
    yield Panel(body, title=title, title_align="left", border_style=color)
    if looked.stored is not None:
        yield row_panel(looked.stored)


def _lines(looked: LookedSample, color: str) -> Iterable[tuple[str, Text]]:
    """Yield heading and value of each line of the panel."""
    row = looked.row
    status = {"status": looked.status}
    if row is not None:
        status |= {"filter": row.filter, "reason": row.reason, "error": row.error}
    yield "status", Text(status_text(status), style=f"bold {color}")
    if looked.hidden_by is not None:
        verdict = " ".join(part for part in looked.hidden_by if part)
        yield "hidden", Text(f"{short_text(verdict)}: {_HIDDEN}")
    if looked.has_changed:
        yield "changed", Text(_CHANGED, style="yellow")
    if looked.stored is None and looked.is_of_output:
        yield "stored", Text("nothing yet: the row is not committed")
    if row is None:
        return
    for name, field in looked.fields.items():
        yield short_text(name), Text(_describe(field))
    if row.width:
        yield "pixels", Text("; ".join(map(_size, row.images())))
    for name, text in row.texts.items():
        if name != "key":
            yield f"> {short_text(name)}", Text(long_text(text.value))
    for name, action, reason in looked.verdicts:
        color = {"keep": "green", "redact": "yellow", "quarantine": "yellow"}.get(action, "red")
        scores = [
            f"{short_text(score.removeprefix(f'{name}.'))} {value:.4g}"
            for score, value in sorted(row.scores.items())
            if score.startswith(f"{name}.")
        ]
        yield (
            short_text(name),
            Text.assemble((f"{action} {reason}".strip(), color), ("  " + "  ".join(scores), "dim")),
        )
    if row.redactions:
        counts = [f"{short_text(name)} {n}" for name, n in sorted(row.redactions.items())]
        yield "redacted", Text("  ".join(counts))


def _describe(field: Field) -> str:
    """Describe a field: the size if known, and the text or value as far as it was read."""
    size = "" if field.size is None else f"{field.size:,} bytes"
    value = "" if field.value is None else long_text(_shown(field.value))
    return "  ".join(part for part in (size, value) if part) or "too large to be shown"


def _shown(value: object, depth: int = 0) -> str:
    """Write a value in short: binaries as their size, lists and structs by their first items."""
    if isinstance(value, bytes):
        try:
            return value.decode() if depth == 0 else f"<{len(value):,} bytes>"
        except UnicodeDecodeError:
            return "binary"
    if depth == 3:
        return "…"
    if isinstance(value, Mapping):
        items = [f"{k}: {_shown(v, depth + 1)}" for k, v in islice(value.items(), _MAX_ITEMS)]
        return f"{{{', '.join(items)}{', …' * (len(value) > _MAX_ITEMS)}}}"
    if isinstance(value, list | tuple):
        items = [_shown(item, depth + 1) for item in value[:_MAX_ITEMS]]
        return f"[{', '.join(items)}{', …' * (len(value) > _MAX_ITEMS)}]"
    return _single_value(value)


def _single_value(value: object) -> str:
    """Write a value that is no binary, list or struct."""
    if isinstance(value, pa.Scalar):
        return scalar_text(value)
    return "null" if value is None else str(value)


def _size(image: ImageState) -> str:
    frames = f", {image.num_frames} frames" if image.num_frames > 1 else ""
    frames += f", {image.duration:.2f} seconds" if image.duration is not None else ""
    return f"{image.width} x {image.height}{frames}"
