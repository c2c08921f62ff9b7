"""Writes the page with the worst samples of an evaluation: pictures, boxes, answers, references.

Samples are read again from their shards and judged by the filters of the job, as for `review`.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal, NamedTuple

from pipelines.annotation.worker_faults import worker_faults
from pipelines.evaluation.results import Evaluation
from pipelines.evaluation.shown_boxes import shown_boxes
from pipelines.operations.evaluate import Evaluated
from pipelines.operations.evaluating.worst_samples import WorstSample
from pipelines.operations.review import Progress
from pipelines.operations.stored_samples.review_samples import (
    ChosenSample,
    LeftOut,
    ReviewSampleReader,
)
from pipelines.output.output import Output, open_output
from pipelines.review import PictureBox, ReviewSample, write_view_page
from pipelines.storage.storage import Storage

_EXPLANATION = "The worst sample is first."
_FRAMES = "References are framed by solid green lines, answers by dashed orange ones."
_HIDDEN = "(not shown: a filter redacted the sample, or withheld its answer)"
_NO_ANSWER = "(none: it is partial, or a filter withheld it)"
# No column has such a name, so that texts of samples keep theirs.
_ANSWER, _REFERENCES = "answer of the model", "references (truth)"


class WorstPage(NamedTuple):
    """What is on a page."""

    samples: int
    left_out: list[LeftOut]


def write_worst_page(
    output: str,
    evaluated: Evaluated,
    file: Path,
    storage: Storage | None = None,
    *,
    progress: Progress,
) -> WorstPage:
    """Write a page with the worst samples of an evaluation, in their order.

    The page appears whole or not at all; none is written if no sample can be shown. Texts are shown
    as the filters of the job leave them. Raises JobError if the folder is no output, ServiceFault
    if a service does not judge a sample, and WorkerFault if this machine fails.
    """
    result, samples, metric = evaluated.result, evaluated.worst, evaluated.worst_by
    opened = open_output(output, storage)
    reader = ReviewSampleReader(opened)
    has_boxes = any(shown_boxes(value) for each in samples for value in (each.answer, each.truth))
    ranks = {(each.shard, each.index): rank for rank, each in enumerate(samples)}
    with worker_faults(), progress(len(samples)) as count:
        read = _counted(reader.read(_chosen(opened, samples, metric)), count)
        shown = sorted(read, key=lambda each: ranks[each.shard, each.index])
        written = write_view_page(
            file,
            (
                _filled(each, samples[ranks[each.shard, each.index]], result, metric)
                for each in shown
            ),
            title=f"{opened.record['name']}: the worst answers of {result.task} by {metric}",
            explanation=f"{_EXPLANATION} {_FRAMES}" if has_boxes else _EXPLANATION,
        )
    return WorstPage(written, reader.left_out)


def _counted(
    samples: Iterator[ReviewSample], count: Callable[[int], None]
) -> Iterator[ReviewSample]:
    for each in samples:
        yield each
        count(1)


def _chosen(output: Output, samples: Sequence[WorstSample], metric: str) -> Iterator[ChosenSample]:
    """Yield the samples with the units that have them."""
    shards = {each.shard for each in samples}
    units = sorted(
        (unit for unit in output.units if unit.shard in shards), key=lambda unit: unit.first_index
    )
    for each in samples:
        of_shard = [
            unit for unit in units if unit.shard == each.shard and unit.first_index <= each.index
        ]
        yield ChosenSample(of_shard[-1], each.index, "kept", scores={metric: each.score})


def _filled(
    sample: ReviewSample, worst: WorstSample, result: Evaluation, metric: str
) -> ReviewSample:
    """Return a sample with its answer, its references, its score and their boxes."""
    column = result.truth or ""
    others = {
        name: text
        for name, text in sample.texts.items()
        if name != column and not name.startswith(f"{column}.")  # the references themselves
    }
    answer = _NO_ANSWER if worst.answer is None else _text(worst.answer)
    references = _HIDDEN if worst.hidden else _text(worst.truth)
    return replace(
        sample,
        texts={_ANSWER: answer, _REFERENCES: references, **others},
        boxes=[
            *_boxes("reference", worst.truth, sample.size),
            *_boxes("answer", worst.answer, sample.size),
        ],
        summary=f"{metric}: {worst.score:.4f}",
    )


def _text(value: object) -> str:
    """Return a text, or the lines of a list: texts, and objects with their edges in pixels."""
    if isinstance(value, list) and (boxes := shown_boxes(value)):
        return "\n".join(
            f"{each.label}: {each.x_min:g}, {each.y_min:g} to {each.x_max:g}, {each.y_max:g}"
            for each in boxes
        )
    if isinstance(value, list):
        return "\n".join(map(_text, value)) or "(nothing)"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _boxes(
    source: Literal["answer", "reference"], value: object, size: tuple[int, int] | None
) -> Iterator[PictureBox]:
    """Yield the boxes of a value in shares of the image, cut at its edges."""
    for box in shown_boxes(value) if size and min(size) > 0 else ():
        width, height = size or (1, 1)
        edges = box.x_min / width, box.y_min / height, box.x_max / width, box.y_max / height
        left, top, right, bottom = (min(max(edge, 0.0), 1.0) for edge in edges)
        yield PictureBox(source, box.label, left, top, right, bottom)
