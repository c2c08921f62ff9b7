"""Makes values with intervals, of all samples and of parts, from the statistics of samples."""

from collections.abc import Mapping
from math import isfinite

import numpy as np

from pipelines.evaluation.intervals import MetricInterval, bootstrap, compare
from pipelines.evaluation.metrics.all_metrics import METRICS
from pipelines.evaluation.metrics.language_averages import language_averages
from pipelines.evaluation.metrics.metric import Floats, Metric
from pipelines.evaluation.results import Comparison, PartValues, Value
from pipelines.evaluation.sample_table import SampleTable
from pipelines.evaluation.score_samples import MetricScores, score_samples


def all_values(scores: Mapping[str, MetricScores]) -> dict[str, Value]:
    """Return the value of each result, by its name, from scores by the name of the metric."""
    return {
        result: _value(interval)
        for name, each in scores.items()
        for result, interval in bootstrap(METRICS[name], each.statistics).items()
    }


def part_values(metrics: Mapping[str, MetricScores], table: SampleTable) -> dict[str, PartValues]:
    """Return the values of each part, which is scored by its own samples alone."""
    parts = {}
    for part in table.parts():
        scores = {name: score_samples(METRICS[name], table, part) for name in metrics}
        samples = len(next(iter(scores.values())).scores)
        parts[part] = PartValues(samples=samples, values=all_values(scores))
    return parts


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
