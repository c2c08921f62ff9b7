"""Finds the samples with the worst scores of an evaluation."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice

from pipelines.evaluation import summarize
from pipelines.evaluation.metrics.metric import Metric
from pipelines.evaluation.sample_table import JudgedSample, SampleTable
from pipelines.evaluation.score_samples import MetricScores


@dataclass(frozen=True, slots=True)
class WorstSample:
    """A sample with one of the worst scores."""

    shard: str
    index: int
    key: str | None
    score: float
    answer: object  # None if a filter withheld it, or if it is partial
    truth: object  # None if it is hidden
    hidden: bool = False  # the reference, as a filter redacted a text of the sample


def find_worst(
    metric: Metric,
    scores: Mapping[str, MetricScores],
    table: SampleTable,
    number: int,
    *,
    hide_redacted: bool,
) -> list[WorstSample]:
    """Return at most `number` samples with the worst scores of a metric, the worst first.

    With `hide_redacted`, the references of samples of which a filter redacted or withheld something
    are left out: files of references may have what the filter removed.
    """
    of_metric = scores[metric.name].scores
    places = summarize.worst_samples(metric, of_metric, number)
    wanted = set(places)
    last = max(places, default=-1)
    found = {
        place: sample
        for place, sample in islice(enumerate(table.samples()), last + 1)
        if place in wanted
    }
    return [
        _worst(found[place], float(of_metric[place]), hide_redacted and found[place].redacted)
        for place in places
    ]


def _worst(sample: JudgedSample, score: float, hidden: bool) -> WorstSample:
    truth = None if hidden else sample.truth
    return WorstSample(sample.shard, sample.index, sample.key, score, sample.answer, truth, hidden)
