"""`shardmill review`: writes a page on which a person decides the quarantined samples of an output.

Nothing is written into the output. `decisions` of the next job reads what the person decides.
"""

from collections.abc import Callable, Iterator, Set
from contextlib import AbstractContextManager
from heapq import nsmallest
from itertools import compress, islice
from pathlib import Path
from typing import NamedTuple

import numpy as np

from pipelines.annotation.worker_faults import worker_faults
from pipelines.config.condition import Condition
from pipelines.operations.inspect import RowChoice
from pipelines.operations.stored_samples.review_samples import (
    ChosenSample,
    LeftOut,
    ReviewSampleReader,
)
from pipelines.operations.stored_samples.stored_rows import read_batches
from pipelines.output.fingerprint import fingerprint_of
from pipelines.output.output import Output, open_output
from pipelines.output.stored_schema import stored_schema
from pipelines.planning.decisions import REVIEW
from pipelines.review import write_review_page
from pipelines.storage.storage import Storage
from schemas.errors import JobError
from schemas.known_names import known_names

QUESTION = (
    "Should this sample be kept? An accepted sample is judged again without its quarantine; "
    "a rejected one is dropped."
)
_COLUMNS = ("index", "status", "filter", "reason", "scores")
_BATCH = 1 << 14  # rows read at once

# Takes the number of chosen samples; gives the function that counts those that are read.
Progress = Callable[[int], AbstractContextManager[Callable[[int], None]]]


class Reviewed(NamedTuple):
    """What is on a page."""

    samples: int
    more: bool  # whether the output has more such samples than were chosen
    left_out: list[LeftOut]
    uncommitted: int  # units without a file, whose samples are not known
    units: int


def review(
    output: str,
    file: Path,
    choice: RowChoice,
    limit: int,
    storage: Storage | None = None,
    *,
    where: str | None = None,
    progress: Progress,
) -> Reviewed:
    """Write a page with at most `limit` quarantined samples that a choice means.

    `where` is a condition over their rows, which have scores, but no content. With a seed, they are
    chosen at random, by the seed alone. The page appears whole or not at all; none is written if
    there is no such sample, or if none can be shown. Raises JobError if the folder is no output, if
    it has no such filter, shard or column, or if a file is damaged.
    """
    opened = open_output(output, storage)
    reader = ReviewSampleReader(opened)
    concealing = {name for name, stage in reader.filters.items() if stage.conceals}
    _check(choice, opened, reader, concealing)
    condition = _condition(where, opened)
    chosen = choose(opened, choice, limit + 1, concealing, condition)
    more = len(chosen) > limit
    chosen = chosen[:limit]
    with worker_faults(), progress(len(chosen)) as count:
        samples = write_review_page(
            file,
            reader.read(chosen),
            title=f"{opened.record['name']}: quarantined samples",
            question=QUESTION,
            output_id=fingerprint_of(opened.record),
            on_sample=lambda: count(1),
        )
    uncommitted = int((~opened.listing.has_files()).sum())
    return Reviewed(samples, more, reader.left_out, uncommitted, len(opened.units))


def choose(
    output: Output,
    choice: RowChoice,
    limit: int,
    concealing: Set[str] = frozenset(),
    condition: Condition | None = None,
) -> list[ChosenSample]:
    """Return at most `limit` quarantined samples: the first ones, or the first ones drawn."""
    found = _quarantined(output, choice, concealing, condition)
    if choice.seed is None:
        return list(islice(found, limit))
    random = np.random.default_rng(choice.seed)
    drawn = ((random.random(), number, each) for number, each in enumerate(found))
    return [each for _, _, each in nsmallest(limit, drawn, key=lambda each: each[:2])]


def _check(
    choice: RowChoice, output: Output, reader: ReviewSampleReader, concealing: Set[str]
) -> None:
    """Raise JobError if the choice names a shard or a filter of which nothing can be shown."""
    shards = output.units
    if choice.shard is not None and not any(
        choice.shard in (unit.shard, unit.name) for unit in shards
    ):
        raise JobError(
            f"--shard: there is no shard {choice.shard!r}: shards are named like "
            f"{shards[0].shard!r}"
        )
    shown = [name for name in (*reader.filters, REVIEW) if name not in concealing]
    if choice.filter in concealing:
        raise JobError(
            f"--filter: what {choice.filter} puts aside is shown nowhere: name one of "
            f"{known_names(choice.filter or '', shown)}"
        )
    if choice.filter is not None and choice.filter not in shown:
        raise JobError(
            f"--filter: the output has no filter {choice.filter}: name one of "
            f"{known_names(choice.filter, shown)}"
        )


def _condition(where: str | None, output: Output) -> Condition | None:
    """Read a condition; raise JobError if the rows of the output have no such values."""
    if where is None:
        return None
    try:
        condition = Condition(where)
        if (schema := stored_schema(output)) is not None:
            condition.check(schema, output.layout.root)
    except JobError as error:
        raise JobError(f"--{error}") from None
    return condition


def _quarantined(
    output: Output, choice: RowChoice, concealing: Set[str], condition: Condition | None
) -> Iterator[ChosenSample]:
    """Yield the quarantined samples that a choice means, in the order of the output.

    Those that a filter with `conceals` put aside are passed over.
    """
    columns = list(_COLUMNS)
    if condition is not None and (schema := stored_schema(output)) is not None:
        columns = list(dict.fromkeys([*columns, *condition.columns(schema)]))
    for unit in output.units:
        if choice.shard not in (None, unit.shard, unit.name):
            continue
        for file in map(output.layout.file, output.progress_of(unit).files):
            for batch in read_batches(file, output.storage, columns, _BATCH):
                found = batch.filter(choice.mask(batch))
                selected = condition.select(found) if condition else [True] * len(found)
                rows = found.select(list(_COLUMNS)).to_pylist()
                for row in compress(rows, selected):
                    if row["filter"] not in concealing:
                        scores = {each["name"]: each["value"] for each in row["scores"]}
                        yield ChosenSample(
                            unit, row["index"], row["status"], row["filter"], row["reason"], scores
                        )
