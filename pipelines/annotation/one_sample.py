"""Judges one sample by every filter of a job, also by those behind the one that rejects it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from filters import Filter, ImageFilter
from pipelines.annotation.decoding import RowDecoder
from pipelines.annotation.filtering import FilterChain
from pipelines.annotation.preprocessing import in_chunks, preprocess, read_rows
from pipelines.concurrency.stage_timer import StageTimer
from pipelines.planning.resolved_job import ResolvedJob
from pipelines.reading import OpenUnit, RawSample
from pipelines.rows.row import Row
from schemas.generation import ImageSpec
from schemas.sample import Text, Unit
from schemas.verdict import Verdict

_MODEL_IMAGE = ImageSpec(224)  # what a job with tasks needs of an image: that it can be decoded


class NamedVerdict(NamedTuple):
    """A filter's most severe verdict on a sample; `reason` is "" if the filter keeps it."""

    filter: str
    action: str
    reason: str


class FilterStep(NamedTuple):
    """The filters of one job, by their names in rows; a job with `filters_from` has two steps."""

    work: ResolvedJob
    filters: Mapping[str, Filter]


@dataclass(slots=True)
class JudgedSample:
    """A sample as the filters leave it, and their verdicts in the order in which they ran."""

    row: Row
    verdicts: list[NamedVerdict] = field(default_factory=list)
    # The verdict for which the sample's content may not be shown: the image is on a list of hashes,
    # or it is not known that it is on none.
    hidden_by: NamedVerdict | None = None


def judge_sample(
    raw: RawSample, unit: Unit, shard: OpenUnit, steps: list[FilterStep]
) -> JudgedSample:
    """Judge a sample of an open unit by the filters of all steps, as with `evaluate: all`.

    A filter with `conceals` judges the image even if the sample is invalid.
    """
    judged = JudgedSample(Row(unit.shard, raw.index))
    texts: Mapping[str, Text] | None = None
    for work, filters in steps:
        (row,) = read_rows(unit, [raw], shard, work.input)
        if texts is not None and row.kept:  # as the filters of the step before left them
            row.texts = {name: texts.get(name, text) for name, text in row.texts.items()}
        verdicts = _run(row, work, filters)
        judged.verdicts += verdicts
        if judged.row.kept:
            scores = judged.row.scores
            judged.row = row
            row.scores.update(scores)
        judged.hidden_by = _hidden_by(raw, unit, FilterStep(work, filters), verdicts)
        if judged.hidden_by:
            judged.row = row
            return judged
        texts = row.texts
    return judged


def _run(row: Row, work: ResolvedJob, filters: Mapping[str, Filter]) -> list[NamedVerdict]:
    """Take a row through the pass up to the engine; return the filters' verdicts."""
    verdicts: list[NamedVerdict] = []

    def on_verdict(name: str, verdict: Verdict) -> None:
        verdicts.append(NamedVerdict(name, verdict.action, verdict.reason))

    chain = FilterChain(
        list(filters.values()), work.resources, True, list(filters), on_verdict=on_verdict
    )
    given = work.input
    decoder = RowDecoder(given, chain, _MODEL_IMAGE if work.job.tasks else None, 1)
    try:
        list(preprocess(in_chunks(iter([row])), chain, decoder, StageTimer()))
    finally:
        decoder.close()
    return verdicts


def _hidden_by(
    raw: RawSample, unit: Unit, step: FilterStep, verdicts: list[NamedVerdict]
) -> NamedVerdict | None:
    """Return the verdict of a filter with `conceals` that does not keep, or not know, the image."""
    listing = {n: f for n, f in step.filters.items() if isinstance(f, ImageFilter) and f.conceals}
    judged = {each.filter: each for each in verdicts if each.filter in listing}
    unjudged = {name: stage for name, stage in listing.items() if name not in judged}
    if unjudged and all(each.action == "keep" for each in judged.values()) and raw.image:
        image = Row(unit.shard, raw.index, image=raw.image)
        judged |= {each.filter: each for each in _run(image, step.work, unjudged)}
    rejecting = [each for each in judged.values() if each.action != "keep"]
    # No list has an image that is not there.
    unknown = [] if raw.fault == "image_missing" else [n for n in listing if n not in judged]
    rejecting += [NamedVerdict(name, "not judged", "") for name in unknown]
    return rejecting[0] if rejecting else None
