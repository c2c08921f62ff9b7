"""Scores the samples of a table by a metric, and compares two outputs' answers."""

from itertools import islice
from typing import NamedTuple

import numpy as np

from pipelines.evaluation.metrics.metric import Floats, Metric
from pipelines.evaluation.sample_table import SampleTable, scored

_SAMPLES_AT_ONCE = 5_000


class MetricScores(NamedTuple):
    """What a metric makes of the samples of a table, in their order."""

    statistics: Floats  # [samples or groups, k]
    scores: Floats  # [samples]
    other: Floats | None = None  # the statistics of the compared output, [samples or groups, k]


def score_samples(
    metric: Metric, table: SampleTable, part: str | None = None, *, compared: bool = False
) -> MetricScores:
    """Score all samples, or those of a part, by references of these samples alone.

    Samples of a metric with groups are merged by group; one without a group is a group alone.
    """
    ready = metric.prepared(table.references(metric.kind, part))
    first: list[Floats] = []
    second: list[Floats] = []
    pairs: dict[str | int, int] = {}
    groups: list[int] = []
    rest = table.samples(part)
    while samples := list(islice(rest, _SAMPLES_AT_ONCE)):
        first.append(ready.statistics([scored(metric.kind, each) for each in samples]))
        if compared:
            answers = [scored(metric.kind, each, other=True) for each in samples]
            second.append(ready.statistics(answers))
        if metric.group:
            names = (len(pairs) if each.pair is None else each.pair for each in samples)
            groups += [pairs.setdefault(name, len(pairs)) for name in names]
    statistics = _joined(ready, first)
    scores = ready.scores(statistics)
    other = _joined(ready, second) if compared else None
    if metric.group:
        places = np.array(groups, np.intp)
        statistics = ready.merged(statistics, places)
        other = None if other is None else ready.merged(other, places)
    return MetricScores(statistics, scores, other)


def _joined(metric: Metric, parts: list[Floats]) -> Floats:
    return np.concatenate(parts) if parts else metric.statistics([])
