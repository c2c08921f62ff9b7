"""Count what a contender loses and repeats when it is killed half-way and run again."""

import tempfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
from rich import box
from rich.console import Console
from rich.progress import track
from rich.table import Table

from benchmarks.pipeline.pass_over_shards.cost import measure
from benchmarks.pipeline.pass_over_shards.turns import Contender, Work
from benchmarks.pipeline.pass_over_shards.work import ANSWERED

_SHARE = 0.53  # share of images answered before the kill: half, and then into a shard


class Interrupted(NamedTuple):
    """Counts of images and rows; keys are unique in the input, so a key identifies a row."""

    answered: int  # images answered before the kill
    visible: int  # rows in files that could be opened right after the kill
    lost: int  # samples without a row, after the rerun
    doubled: int  # rows beyond the first of a sample
    unreadable: int  # Parquet files that are cut
    repeated: int  # images answered more than once


def interrupt_all(
    contenders: Mapping[str, Contender], work: Work, folder: Path
) -> dict[str, Interrupted]:
    names = track(contenders, "killing", console=Console(stderr=True), transient=True)
    return {name: interrupt(contenders[name], work, folder) for name in names}


def interrupt(contender: Contender, work: Work, folder: Path) -> Interrupted:
    """Kill all processes of a contender once half of the images are answered; then run it again."""
    with tempfile.TemporaryDirectory(dir=folder) as place:
        output, answered = Path(place, "output"), Path(place, "answered")
        output.mkdir()
        answered.touch()
        command = contender.command(work.shards, output)
        environment = {ANSWERED: str(answered)}
        enough = _SHARE * work.images
        first = measure(command, environment, lambda: answered.stat().st_size >= enough)
        assert first.killed, "it was done before it could be killed"
        at = answered.stat().st_size
        visible = stored(output)[0].total()
        measure(command, environment)
        rows, unreadable = stored(output)
        repeated = answered.stat().st_size - work.images
        lost = work.images - len(rows)
        doubled = rows.total() - len(rows)
        return Interrupted(at, visible, lost, doubled, unreadable, repeated)


def stored(output: Path) -> tuple[Counter[str], int]:
    """Count the rows of each key, and the files that are cut."""
    rows: Counter[str] = Counter()
    unreadable = 0
    for file in output.glob("*.parquet"):
        try:
            rows.update(pq.read_table(file, columns=["key"])["key"].to_pylist())
        except pa.ArrowInvalid:
            unreadable += 1
    return rows, unreadable


def interruption_table(interrupted: Mapping[str, Interrupted]) -> Table:
    table = Table(
        "",
        "answered, killed",
        "readable then",
        "lost",
        "doubled",
        "files cut",
        "answered again",
        box=box.MARKDOWN,
    )
    for name, counts in interrupted.items():
        table.add_row(name, *map(str, counts))
    return table
