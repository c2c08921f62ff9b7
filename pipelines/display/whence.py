"""Builds the terminal tables about the origin of a row."""

from collections.abc import Iterator

from rich.table import Table

from pipelines.display.table_parts import add_line, borderless, two_columns
from pipelines.display.terminal_safe import plain
from pipelines.operations.whence import Whence

_MAX_TEXT = 2000  # characters of a value
_UNKNOWN = "not told by the file"


def whence_tables(result: Whence) -> Iterator[Table]:
    """Yield the table of the row's origin and, if the job has filters, that of their verdicts."""
    table = two_columns()
    for label, value in _lines(result):
        add_line(table, label, plain(value, _MAX_TEXT))
    yield table
    if result.filters:
        yield _filters_table(result)


def _lines(result: Whence) -> Iterator[tuple[str, str]]:
    origin = result.provenance
    yield "file", f"{result.file}, row {result.row}"
    yield "output", result.output or "none: these are copied rows"
    yield "job", result.job or _UNKNOWN
    yield "fingerprint", origin.fingerprint
    yield "shardmill", origin.shardmill or _UNKNOWN
    if result.unit is not None:
        yield "unit", result.unit
    yield "shard", _UNKNOWN if result.shard is None else result.shard
    if result.index is not None:
        yield "sample", f"number {result.index} of the shard, from 0"
    if result.member is not None:
        yield "key", result.member
    decided = [each for each in (result.filter, result.reason, result.error) if each]
    yield "status", " ".join([result.status or _UNKNOWN, "/".join(decided)]).strip()
    if result.redactions:
        yield "replaced", ", ".join(f"{name} {n}" for name, n in result.redactions.items())
    if origin.model:
        yield "model", origin.model
    for task, prompt in origin.prompts.items():
        status = result.answers.get(task)
        words = f"{prompt!r}" if prompt else "a prompt that the sample decides"
        yield f"task {plain(task, 100)}", f"{words}{f': {status}' if status else ''}"


def _filters_table(result: Whence) -> Table:
    table = borderless()
    for title in ("filter", "verdict", "rules", "models and lists", "scores"):
        table.add_column(title, overflow="fold")
    for each in result.filters:
        lists = [f"sha256:{digest}" for digest in each.version.files]
        scores = ", ".join(f"{name} {value:.4g}" for name, value in each.scores.items())
        cells = (
            each.name,
            each.verdict,
            each.version.rules or "unknown",
            ", ".join([*each.version.models, *lists]),
            scores,
        )
        table.add_row(*(plain(cell, _MAX_TEXT) for cell in cells))
    return table
