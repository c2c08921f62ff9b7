"""Scores the samples of a table by a metric, and compares two outputs' answers."""

from collections.abc import Callable
from itertools import islice
from typing import NamedTuple

import numpy as np

from pipelines.evaluation.metrics.coco_map import CocoMap, RankedCorpus
from pipelines.evaluation.metrics.metric import Floats, Metric
from pipelines.evaluation.sample_table import SampleTable, scored

OnShare = Callable[[float], None]  # told the share of the samples that are scored


class MetricScores(NamedTuple):
    """What a metric makes of the samples of a table, in their order."""

    statistics: Floats  # [samples or groups, k]
    scores: Floats  # [samples]
    other: Floats | None = None  # the statistics of the compared output, [samples or groups, k]


def score_samples(
    metric: Metric,
    table: SampleTable,
    part: str | None = None,
    *,
    compared: bool = False,
    on_share: OnShare = lambda _: None,
) -> MetricScores:
    """Score all samples, or those of a part, by references of these samples alone.

    Samples of a metric with groups are merged by group; one without a group is a group alone.
    """
    ready = metric.prepared(table.references(metric.kind, part))
    first: list[Floats] = []
    second: list[Floats] = []
    pairs: dict[str | int, int] = {}
    groups: list[int] = []
    total, done = table.count(part), 0
    rest = table.samples(part)
    while samples := list(islice(rest, metric.samples_at_once)):
        first.append(ready.statistics([scored(metric.kind, each) for each in samples]))
        if compared:
            answers = [scored(metric.kind, each, other=True) for each in samples]
            second.append(ready.statistics(answers))
        if metric.group:
            names = (len(pairs) if each.pair is None else each.pair for each in samples)
            groups += [pairs.setdefault(name, len(pairs)) for name in names]
        done += len(samples)
        on_share(done / total)
    statistics = _joined(ready, first)
    scores = ready.scores(statistics)
    other = _joined(ready, second) if compared else None
    if metric.group:
        places = np.array(groups, np.intp)
        statistics = ready.merged(statistics, places)
        other = None if other is None else ready.merged(other, places)
    return MetricScores(statistics, scores, other)


def rank_corpus(metric: CocoMap, table: SampleTable, part: str | None = None) -> RankedCorpus:
    """Rank the answers of all samples, or those of a part, by a metric that is no sum of scores."""
    return metric.corpus(scored(metric.kind, each) for each in table.samples(part))


def rank_both(metric: CocoMap, table: SampleTable) -> RankedCorpus:
    """Rank the answers of two outputs, those to the same sample one after the other."""
    return metric.corpus(
        scored(metric.kind, each, other=other)
        for each in table.samples()
        for other in (False, True)
    )


def _joined(metric: Metric, parts: list[Floats]) -> Floats:
    return np.concatenate(parts) if parts else metric.statistics([])
