"""Judges single samples by every filter of a job, also those behind the one that rejects them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from filters import Filter, ImageFilter
from pipelines.annotation.decoding import RowDecoder
from pipelines.annotation.filtering import FilterChain
from pipelines.annotation.preprocessing import in_chunks, preprocess, read_rows
from pipelines.concurrency.stage_timer import StageTimer
from pipelines.images import OpenedImage
from pipelines.planning.resolved_job import ResolvedJob
from pipelines.reading import OpenUnit, RawSample
from pipelines.rows.row import Row, RowImage
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


class SampleJudge:
    """Judges samples by the filters of all steps, as with `evaluate: all`; close it after use.

    Filters are loaded once. With `isolated`, images are decoded in child processes, so that an
    image that hangs or kills its decoder makes its sample `invalid`.
    """

    def __init__(self, steps: Sequence[FilterStep], isolated: bool = False) -> None:
        self._isolated = isolated
        self._steps = [(step, self._loaded(step.work, step.filters)) for step in steps]
        # Some filters of a step alone, by the number of the step and their names.
        self._some: dict[tuple[int, tuple[str, ...]], _LoadedFilters] = {}

    def close(self) -> None:
        for loaded in (*(loaded for _, loaded in self._steps), *self._some.values()):
            loaded.close()

    def open_image(self, image: bytes) -> OpenedImage:
        """Read the header of an image, within the limits of the last step's job.

        Raises ImageFault, as decoding does, if the image is damaged or exceeds a limit.
        """
        return self._steps[-1][1].decoder.open_image(image)

    def judge(self, raw: RawSample, unit: Unit, shard: OpenUnit) -> JudgedSample:
        """Judge a sample of an open unit.

        A filter with `conceals` judges the image even if the sample is invalid.
        """
        judged = JudgedSample(Row(unit.shard, raw.index))
        texts: Mapping[str, Text] | None = None
        for number, (step, loaded) in enumerate(self._steps):
            (row,) = read_rows(unit, [raw], shard, step.work.input)
            if texts is not None and row.kept:  # as the filters of the step before left them
                row.texts = {name: texts.get(name, text) for name, text in row.texts.items()}
            verdicts = loaded.judge(row)
            judged.verdicts += verdicts
            if judged.row.kept:
                scores = judged.row.scores
                judged.row = row
                row.scores.update(scores)
            judged.hidden_by = self._hidden_by(raw, unit, number, verdicts)
            if judged.hidden_by:
                judged.row = row
                return judged
            texts = row.texts
        return judged

    def _loaded(self, work: ResolvedJob, filters: Mapping[str, Filter]) -> "_LoadedFilters":
        return _LoadedFilters(work, filters, self._isolated)

    def _hidden_by(
        self, raw: RawSample, unit: Unit, number: int, verdicts: list[NamedVerdict]
    ) -> NamedVerdict | None:
        """Return the verdict of a filter with `conceals` that does not keep, or know, the image."""
        step, _ = self._steps[number]
        listing = {
            n: f for n, f in step.filters.items() if isinstance(f, ImageFilter) and f.conceals
        }
        judged = {each.filter: each for each in verdicts if each.filter in listing}
        unjudged = {name: stage for name, stage in listing.items() if name not in judged}
        if unjudged and all(each.action == "keep" for each in judged.values()) and raw.image:
            others = [RowImage(each) for each in raw.others]
            image = Row(unit.shard, raw.index, image=raw.image, others=others)
            some = number, tuple(unjudged)
            if some not in self._some:
                self._some[some] = self._loaded(step.work, unjudged)
            judged |= {each.filter: each for each in self._some[some].judge(image)}
        rejecting = [each for each in judged.values() if each.action != "keep"]
        # No list has an image that is not there.
        is_missing = raw.fault in ("image_missing", "video_missing")
        unknown = [] if is_missing else [name for name in listing if name not in judged]
        rejecting += [NamedVerdict(name, "not judged", "") for name in unknown]
        return rejecting[0] if rejecting else None


class _LoadedFilters:
    """Loaded filters that take a row through the pass up to the engine."""

    def __init__(self, work: ResolvedJob, filters: Mapping[str, Filter], isolated: bool) -> None:
        self._verdicts: list[NamedVerdict] = []
        self._chain = FilterChain(
            list(filters.values()), work.resources, True, list(filters), on_verdict=self._note
        )
        model_image = _MODEL_IMAGE if work.job.tasks else None
        self.decoder = RowDecoder(work.input, self._chain, model_image, 1, isolated)

    def judge(self, row: Row) -> list[NamedVerdict]:
        """Judge a row, and return the verdict of each filter that saw the row."""
        self._verdicts = []
        list(preprocess(in_chunks(iter([row])), self._chain, self.decoder, StageTimer()))
        return self._verdicts

    def close(self) -> None:
        self.decoder.close()

    def _note(self, name: str, verdict: Verdict) -> None:
        self._verdicts.append(NamedVerdict(name, verdict.action, verdict.reason))
