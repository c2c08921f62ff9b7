"""Makes values with intervals, of all samples and of parts, from the statistics of samples."""

from collections.abc import Iterable, Mapping, Sequence
from math import isfinite

import numpy as np

from pipelines.evaluation.intervals import (
    MetricInterval,
    bootstrap,
    bootstrap_corpus,
    compare,
    compare_corpus,
)
from pipelines.evaluation.metrics.all_metrics import CORPUS_METRICS, METRICS
from pipelines.evaluation.metrics.language_averages import language_averages
from pipelines.evaluation.metrics.metric import Floats, Metric
from pipelines.evaluation.results import Comparison, PartValues, Value
from pipelines.evaluation.sample_table import SampleTable
from pipelines.evaluation.score_samples import (
    MetricScores,
    rank_both,
    rank_corpus,
    score_samples,
)


def all_values(scores: Mapping[str, MetricScores]) -> dict[str, Value]:
    """Return the value of each result, by its name, from scores by the name of the metric."""
    return {
        result: _value(interval)
        for name, each in scores.items()
        for result, interval in bootstrap(METRICS[name], each.statistics).items()
    }


def corpus_values(
    names: Iterable[str], table: SampleTable, part: str | None = None
) -> dict[str, Value]:
    """Return the value of each result of metrics that are no sum of scores, by its name."""
    return {
        result: _value(interval)
        for name in names
        for result, interval in bootstrap_corpus(
            rank_corpus(CORPUS_METRICS[name], table, part)
        ).items()
    }


def part_values(
    metrics: Sequence[Metric],
    ranked: Sequence[str],
    scores: Mapping[str, MetricScores],
    table: SampleTable,
) -> dict[str, PartValues]:
    """Return the values of each part, by its own samples alone.

    `ranked` names the metrics that are no sum of scores; `scores` are those of all samples.
    """
    parts = {}
    for part, places in table.part_places().items():
        own = {
            each.name: _part_scores(each, scores[each.name], table, part, places)
            for each in metrics
        }
        values = {**all_values(own), **corpus_values(ranked, table, part)}
        parts[part] = PartValues(samples=len(places), values=values)
    return parts


def _part_scores(
    metric: Metric, scores: MetricScores, table: SampleTable, part: str, places: Sequence[int]
) -> MetricScores:
    """Return the scores of a part; those of a sample that depend on no other one are taken over."""
    if metric.reads_references_first or metric.group:
        return score_samples(metric, table, part)
    return MetricScores(scores.statistics[places], scores.scores[places])


def averages(parts: Mapping[str, PartValues]) -> dict[str, dict[str, float]]:
    """Return the means over languages of each result, from the values of each language."""
    results = next(iter(parts.values())).values if parts else ()
    return {
        result: language_averages(
            {
                part: value
                for part, each in parts.items()
                if (value := each.values[result].value) is not None
            }
        )
        for result in results
    }


def comparisons(scores: Mapping[str, MetricScores]) -> dict[str, Comparison]:
    """Return the comparison of the first result of each metric that scored two outputs."""
    return {
        METRICS[name].results[0]: _comparison(METRICS[name], each.statistics, each.other)
        for name, each in scores.items()
        if each.other is not None
    }


def corpus_comparisons(names: Iterable[str], table: SampleTable) -> dict[str, Comparison]:
    """Return the comparison of the first result of metrics that are no sum of scores."""
    found = {}
    for name in names:
        result = CORPUS_METRICS[name].results[0]
        compared = compare_corpus(rank_both(CORPUS_METRICS[name], table), result)
        difference = _value(compared.difference)
        found[result] = Comparison(difference=difference, p_value=compared.p_value)
    return found


def worst_samples(metric: Metric, scores: Floats, number: int) -> list[int]:
    """Return the positions of the samples with the worst scores, the worst first."""
    badness = scores if metric.higher_is_better is not False else -scores
    return [int(place) for place in np.argsort(badness, kind="stable")[:number]]


def _comparison(metric: Metric, first: Floats, second: Floats) -> Comparison:
    found = compare(metric, first, second)
    return Comparison(
        difference=_value(found.difference),
        better=found.better,
        worse=found.worse,
        p_value=found.p_value,
    )


def _value(interval: MetricInterval) -> Value:
    numbers = (interval.value, interval.low, interval.high)
    value, low, high = (number if isfinite(number) else None for number in numbers)
    return Value(value=value, low=low, high=high)
