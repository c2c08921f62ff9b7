import numpy as np
import pytest
from caption_samples import SAMPLES

from pipelines.evaluation import intervals
from pipelines.evaluation.intervals import bootstrap, compare
from pipelines.evaluation.metrics.all_metrics import METRICS
from pipelines.evaluation.metrics.bleu import Bleu4
from pipelines.evaluation.metrics.rouge import RougeL


def test_interval_of_a_mean_is_that_of_the_normal_distribution() -> None:
    scores = np.random.default_rng(1).random((4000, 1))
    interval = bootstrap(RougeL(), scores)["rouge_l"]
    half = 1.96 * scores.std() / np.sqrt(len(scores))
    assert interval.value == pytest.approx(scores.mean())
    assert interval.low == pytest.approx(scores.mean() - half, abs=half / 5)
    assert interval.high == pytest.approx(scores.mean() + half, abs=half / 5)


def test_equal_seeds_give_equal_intervals() -> None:
    statistics = METRICS["bleu4"].statistics(SAMPLES)
    assert bootstrap(Bleu4(), statistics, 3) == bootstrap(Bleu4(), statistics, 3)
    assert bootstrap(Bleu4(), statistics, 3) != bootstrap(Bleu4(), statistics, 4)


def test_an_output_equals_itself() -> None:
    statistics = METRICS["bleu4"].statistics(SAMPLES)
    same = compare(Bleu4(), statistics, statistics)
    assert (same.difference.value, same.difference.low, same.difference.high) == (0, 0, 0)
    assert (same.changed, same.better, same.worse, same.p_value) == (0, 0, 0, 1)


def test_a_clear_difference_is_found() -> None:
    first = np.random.default_rng(2).random((300, 1)) * 0.9
    second = first.copy()
    second[:200] += 0.1
    result = compare(RougeL(), first, second)
    assert result.difference.value == pytest.approx(0.2 / 3)
    assert 0 < result.difference.low < result.difference.high
    assert (result.changed, result.better, result.worse) == (pytest.approx(2 / 3), 200, 0)
    assert result.p_value == pytest.approx(1 / 1001)


def test_chance_is_rarely_taken_for_a_difference() -> None:
    generator = np.random.default_rng(5)
    values = [
        compare(RougeL(), *generator.random((2, 60, 1)), resamples=100).p_value for _ in range(100)
    ]
    assert sum(value <= 0.05 for value in values) <= 15


def test_a_comparison_needs_the_same_samples() -> None:
    with pytest.raises(ValueError, match="same samples"):
        compare(RougeL(), np.zeros((2, 1)), np.zeros((3, 1)))


@pytest.mark.parametrize("samples", [1, 2, 7, 60])
def test_resamples_that_are_drawn_together_are_those_drawn_one_by_one(
    samples: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    statistics = np.random.default_rng(samples).random((samples, 1))
    found = []
    for together in (1, 100, 1 << 13):
        monkeypatch.setattr(intervals, "_FEW_DRAWS", together)
        found.append(bootstrap(RougeL(), statistics, 3, resamples=130))
    assert found[0] == found[1] == found[2]
