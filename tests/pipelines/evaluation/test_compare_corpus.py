"""coco_map of two outputs: differences, intervals and p-values of boxes in the same images."""

from itertools import chain
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.evaluation.intervals import bootstrap_corpus, compare_corpus
from pipelines.evaluation.metrics.coco_map import CocoMap, RankedCorpus
from pipelines.evaluation.metrics.metric import Scored
from pipelines.evaluation.metrics.values import BoxedLabel

LABELS = ["dog", "cat"]
AWAY = 10_000.0  # pixels


def made(seed: int, number: int, worse: float = 0.0) -> list[Scored]:
    """Samples with moved, missed and wrong boxes; more are missed by the share `worse`."""
    truths, answers = np.random.default_rng([seed, 0]), np.random.default_rng([seed, 1])
    lost = np.random.default_rng([seed, 2])
    samples = []
    for _ in range(number):
        wanted, found = [], []
        for x, y in truths.integers(0, 200, (truths.integers(0, 5), 2)):
            box = BoxedLabel(str(truths.choice(LABELS)), x, y, x + 30.0, y + 30.0)
            wanted.append(box)
            moved = box._replace(x_min=x + answers.integers(0, 12), score=float(answers.random()))
            place = answers.integers(0, 200)
            wrong = moved._replace(x_min=place, x_max=place + 30.0, score=float(answers.random()))
            if lost.random() >= worse:
                found.append(moved)
            found += [wrong] * int(answers.random() < 0.3)
        samples.append(Scored(tuple(found), tuple(wanted)))
    return samples


def both(first: list[Scored], second: list[Scored]) -> RankedCorpus:
    return CocoMap().corpus(chain.from_iterable(zip(first, second, strict=True)))


def value(samples: list[Scored]) -> float:
    return CocoMap().corpus(samples).values["map"]


@pytest.mark.parametrize("result", ["map", "map50", "map75"])
def test_the_difference_is_that_of_the_values(result: str) -> None:
    first, second = made(0, 60), made(0, 60, 0.3)
    found = compare_corpus(both(first, second), result, resamples=100)
    values = [CocoMap().corpus(each).values[result] for each in (first, second)]
    assert found.difference.value == pytest.approx(values[1] - values[0], abs=1e-12)
    assert found.difference.low < found.difference.value < found.difference.high < 0
    assert found.p_value == 1 / 101
    back = compare_corpus(both(second, first), result, resamples=100)
    assert back.difference.value == pytest.approx(-found.difference.value, abs=1e-12)
    assert back.p_value == found.p_value


def test_every_swap_of_few_images_is_that_of_swapped_answers() -> None:
    first, second = made(3, 4), made(3, 4, 0.5)
    corpus = both(first, second)
    for swaps in range(16):
        bits = [(swaps >> place) & 1 for place in range(4)]
        times = np.array([[each for bit in bits for each in (1 - bit, bit)]], np.uint16)
        chosen = [(second if bit else first)[place] for place, bit in enumerate(bits)]
        assert float(corpus.resampled(times)["map"][0]) == pytest.approx(value(chosen))


def test_equal_answers_and_answers_without_references_do_not_differ() -> None:
    samples = made(1, 30)
    same = compare_corpus(both(samples, samples), "map", resamples=50)
    assert (same.difference.value, same.difference.low, same.difference.high) == (0, 0, 0)
    assert same.p_value == 1
    without = [Scored(each.prediction, ()) for each in samples]
    unknown = compare_corpus(both(without, without), "map", resamples=50)
    assert np.isnan(unknown.difference.value)
    assert unknown.p_value == 1


def test_p_values_of_outputs_that_are_alike_are_spread_evenly() -> None:
    p = []
    for seed in range(40):  # two outputs of one kind: each loses a fifth of the boxes
        first, second = made(seed, 30, 0.2), made(seed, 30)
        coins = np.random.default_rng(seed).random(30) < 0.5
        pairs = [(a, b) if c else (b, a) for a, b, c in zip(first, second, coins, strict=True)]
        corpus = both([a for a, _ in pairs], [b for _, b in pairs])
        p.append(compare_corpus(corpus, "map", seed, resamples=100).p_value)
    # 5 % are expected; more than 15 % of 40 have a chance below 1 %.
    assert np.mean(np.array(p) <= 0.05) <= 0.15
    assert 0.3 < np.mean(p) < 0.7


def test_the_paired_interval_is_narrower_than_those_of_the_values() -> None:
    first, second = made(5, 100), made(5, 100, 0.1)
    paired = compare_corpus(both(first, second), "map", resamples=200).difference
    alone = bootstrap_corpus(CocoMap().corpus(first), resamples=200)["map"]
    assert paired.high - paired.low < alone.high - alone.low


@given(st.integers(0, 1000), st.randoms())
@settings(max_examples=20)
def test_the_order_of_images_changes_nothing(seed: int, random: Random) -> None:
    samples = made(seed, 12)
    moved = [*samples]
    random.shuffle(moved)
    assert value(moved) == pytest.approx(value(samples), nan_ok=True)


@given(st.integers(0, 1000))
@settings(max_examples=20)
def test_perfect_boxes_give_one_and_no_boxes_zero(seed: int) -> None:
    samples = [each for each in made(seed, 12) if each.references]
    assert value([Scored(each.references, each.references) for each in samples]) == 1
    assert value([Scored((), each.references) for each in samples]) == 0


@given(st.data(), st.integers(0, 1000))
@settings(max_examples=30)
def test_a_box_that_moves_away_never_raises_the_value(data: st.DataObject, seed: int) -> None:
    samples = made(seed, 12)
    before = value(samples)
    while places := [place for place, each in enumerate(samples) if near(each)]:
        place = data.draw(st.sampled_from(places))
        boxes = samples[place].prediction
        assert isinstance(boxes, tuple)
        gone = data.draw(st.sampled_from(near(samples[place])))
        moved = gone._replace(x_min=AWAY, x_max=AWAY + 30)
        left = tuple(moved if each is gone else each for each in boxes)
        samples[place] = samples[place]._replace(prediction=left)
        after = value(samples)
        assert after <= before + 1e-12
        before = after
        if data.draw(st.booleans()):
            break


@given(st.integers(0, 1000), st.integers(0, 11))
@settings(max_examples=30)
def test_failing_never_beats_at_most_as_many_boxes_as_references(seed: int, place: int) -> None:
    samples = made(seed, 12)
    wanted, found = samples[place].references, near(samples[place])
    for label in LABELS:
        most = sum(each.label == label for each in wanted if isinstance(each, BoxedLabel))
        extra = [each for each in found if each.label == label][most:]
        found = [each for each in found if each not in extra]
    samples[place] = Scored(tuple(found), wanted)
    before = value(samples)
    samples[place] = Scored((), wanted, failed=True)
    failed = value(samples)
    assert failed <= before + 1e-12 or np.isnan(before)
    samples[place] = Scored((), wanted)
    assert failed <= value(samples) + 1e-12 or np.isnan(before)


def near(sample: Scored) -> list[BoxedLabel]:
    assert isinstance(sample.prediction, tuple)
    return [box for box in sample.prediction if box.x_min < AWAY]
