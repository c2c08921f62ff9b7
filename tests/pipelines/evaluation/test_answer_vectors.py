"""ANLS, POPE, pairs and counts equal lmms-eval 0.7.3 on 16,000 made-up answers.

lmms-eval 0.7.3 made the values in answer_vectors.json, each of 100 answers, with
`python -m benchmarks.evaluation.answer_vectors`. It differs from the metrics here in two ways that
these answers leave out: it takes POPE's answers for yes or no as whole texts, where POPE's code
looks for no or not in the first sentence, and its yes-ratio is that of the references.

Two other packages divide by lengths without repeated spaces, other than the benchmarks' server:
`anls_star` 1.0.1 gives the same values to all other answers, and `anls` 0.0.2 also gives 0 to a
similarity of 0.5.
"""

import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks.evaluation.answer_vectors import BATCHES, MAKERS, SIZE, batches
from pipelines.evaluation.metrics.all_metrics import METRICS
from pipelines.evaluation.metrics.metric import Scored

VECTORS = json.loads(Path(__file__).with_name("answer_vectors.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", MAKERS)
def test_values_are_those_of_lmms_eval(name: str) -> None:
    metric, made = METRICS[name], VECTORS["values"][name]
    assert len(made) == BATCHES
    for batch, expected in zip(batches(name), made, strict=True):
        statistics = metric.statistics([Scored(*each) for each in batch])
        if metric.group:
            statistics = metric.merged(statistics, np.arange(SIZE) // 2)
        found = metric.corpus(statistics)
        assert {result: found[result] for result in expected} == pytest.approx(expected, abs=1e-12)
        assert 0 < expected[metric.results[0]] < 1
