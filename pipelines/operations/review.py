"""`shardmill review`: writes a page on which a person decides the quarantined samples of an output.

Nothing is written into the output. `decisions` of the next job reads what the person decides.
"""

from collections.abc import Callable, Iterator, Set
from contextlib import AbstractContextManager
from heapq import nsmallest
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np

from pipelines.annotation.worker_faults import worker_faults
from pipelines.operations.inspect import RowChoice
from pipelines.operations.review_samples import ChosenSample, LeftOut, ReviewSampleReader
from pipelines.operations.stored_rows import read_batches
from pipelines.output.fingerprint import fingerprint_of
from pipelines.output.output import Output, open_output
from pipelines.planning.decisions import REVIEW
from pipelines.review import write_review_page
from pipelines.storage.storage import Storage
from schemas.errors import JobError

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
    progress: Progress,
) -> Reviewed:
    """Write a page with at most `limit` quarantined samples that a choice means.

    With a seed, they are chosen at random, by the seed alone. The page appears whole or not at all;
    none is written if there is no such sample, or if none can be shown. Raises JobError if the
    folder is no output, if it has no such filter or shard, or if a file is damaged.
    """
    opened = open_output(output, storage)
    reader = ReviewSampleReader(opened)
    concealing = {name for name, stage in reader.filters.items() if stage.conceals}
    _check(choice, opened, reader, concealing)
    chosen = choose(opened, choice, limit + 1, concealing)
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
    output: Output, choice: RowChoice, limit: int, concealing: Set[str]
) -> list[ChosenSample]:
    """Return at most `limit` quarantined samples: the first ones, or the first ones drawn."""
    found = _quarantined(output, choice, concealing)
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
            f"{', '.join(shown)}"
        )
    if choice.filter is not None and choice.filter not in shown:
        raise JobError(
            f"--filter: the output has no filter {choice.filter}: name one of {', '.join(shown)}"
        )


def _quarantined(output: Output, choice: RowChoice, concealing: Set[str]) -> Iterator[ChosenSample]:
    """Yield the quarantined samples that a choice means, in the order of the output.

    Those that a filter with `conceals` put aside are passed over.
    """
    for unit in output.units:
        if choice.shard not in (None, unit.shard, unit.name):
            continue
        for file in output.progress_of(unit).files:
            path = output.layout.file(file)
            for batch in read_batches(path, output.storage, _COLUMNS, _BATCH):
                for row in batch.filter(choice.mask(batch)).to_pylist():
                    if row["filter"] not in concealing:
                        scores = {each["name"]: each["value"] for each in row["scores"]}
                        yield ChosenSample(
                            unit, row["index"], row["status"], row["filter"], row["reason"], scores
                        )
