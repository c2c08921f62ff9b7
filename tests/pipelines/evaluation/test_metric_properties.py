"""What holds for every metric: order is nothing, perfect is best, worse is never better.

Each metric has ladders: the references of a sample, and answers from a perfect one down, none of
which is better than the one before. An empty answer stands apart: a wrong box lowers the precision
of a corpus, and a missing one does not. A failed answer counts as a wrong one.
"""

import random
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pycocotools import mask as coco
from support.plain_entailment import METRICS

from pipelines.evaluation.metrics.metric import Floats, Metric, Scored
from pipelines.evaluation.metrics.values import BoxedLabel
from pipelines.rows.run_lengths import RunLengths

JUDGING = [name for name, metric in METRICS.items() if metric.higher_is_better is not None]


class Ladder(NamedTuple):
    """References, and answers that become worse."""

    references: tuple[object, ...]
    answers: tuple[object, ...]
    empty: object = ""


def replaced(parts: list[str], joined_by: str) -> Ladder:
    """Replace one part after the other by one that no reference has."""
    wrong = [f"\u00df{place}" if joined_by else chr(0x4E00 + place) for place in range(len(parts))]
    answers = [joined_by.join(wrong[:n] + parts[n:]) for n in range(len(parts) + 1)]
    return Ladder((answers[0],), tuple(answers))


def cells(columns: int, texts: list[str]) -> Ladder:
    """Replace the text of one cell after the other."""
    tables = []
    for wrong in range(len(texts) + 1):
        shown = ["\u00df" * len(text) for text in texts[:wrong]] + texts[wrong:]
        rows = [shown[start : start + columns] for start in range(0, len(shown), columns)]
        lines = ("".join(f"<td>{text}</td>" for text in row) for row in rows)
        tables.append(f"<table>{''.join(f'<tr>{line}</tr>' for line in lines)}</table>")
    return Ladder((tables[0],), tuple(tables))


def boxes(labels: list[str]) -> Ladder:
    """Move one box after the other away."""
    wanted = [BoxedLabel(text, 20 * n, 0, 20 * n + 9, 7) for n, text in enumerate(labels)]
    away = [box._replace(y_min=100, y_max=107) for box in wanted]
    answers = [tuple(away[:n] + wanted[n:]) for n in range(len(wanted) + 1)]
    return Ladder(tuple(wanted), tuple(answers), ())


def masks(width: int) -> Ladder:
    """Take one column after the other from a mask."""
    found = []
    for columns in range(width, 0, -1):
        pixels = np.zeros((4, 12), np.uint8, order="F")
        pixels[1:3, :columns] = 1
        found.append(RunLengths((4, 12), coco.encode(pixels)["counts"].decode()))
    return Ladder((found[0],), tuple(found), None)


def claims(words: list[str]) -> Ladder:
    """Replace one sentence after the other by one that the reference does not have."""
    right = [f"{word}." for word in words]
    wrong = [f"no {each}" for each in right]
    answers = [" ".join(wrong[:n] + right[n:]) for n in range(len(words) + 1)]
    return Ladder((answers[0],), tuple(answers))


def choice(right: str, wrong: str) -> Ladder:
    return Ladder((right,) * 10, (right, wrong))


numbers = st.integers(0, 99).map(str)
# Distinct words, so that each sample has n-grams of its own, of which CIDEr's rarity is not 0.
captions = st.lists(st.integers(0, 10**9).map("w{}".format), min_size=4, max_size=7, unique=True)
lines = st.lists(st.sampled_from(["4c", "*clef", "="]), min_size=1, max_size=6)
letters = st.lists(st.sampled_from("abcd"), min_size=1, max_size=7)
texts = st.lists(st.text("abc", min_size=1, max_size=4), min_size=1, max_size=6)
CHOICES = st.tuples(numbers, numbers).filter(lambda pair: pair[0] != pair[1])
FAR = st.sampled_from([choice("10", "30"), choice("yes", "no"), choice("50%", "2")])
BOXES = st.lists(st.sampled_from(["a", "B2"]), min_size=1, max_size=4).map(boxes)
TABLES = st.builds(cells, st.integers(1, 3), texts)
CAPTIONS = captions.map(lambda words: replaced(words, " "))
EQUAL = CHOICES.map(lambda pair: choice(*pair))
LADDERS: Mapping[str, st.SearchStrategy[Ladder]] = {
    **dict.fromkeys(("cider", "bleu4", "rouge_l", "wer"), CAPTIONS),
    **dict.fromkeys(("vqa", "direct_answer", "exact", "multiple_choice", "counting"), EQUAL),
    "paired": EQUAL,
    "non_entailed": captions.map(claims),
    "relaxed": FAR,
    "pope": st.sampled_from([choice("yes", "no"), choice("no", "yes")]),
    **dict.fromkeys(("anls", "cer"), letters.map(lambda parts: replaced(parts, ""))),
    "ler": lines.map(lambda parts: replaced(parts, "\n")),
    "ser": lines.map(lambda parts: replaced(parts, "\t")),
    **dict.fromkeys(("teds", "s_teds", "grits_top", "grits_con"), TABLES),
    **dict.fromkeys(("box_f1", "text_spotting", "hiertext"), BOXES),
    "mask_iou": st.integers(1, 9).map(masks),
}
EMPTY = {"teds": 0.0, "s_teds": 0.0}  # what is no table; trees of other shapes may be below
RATES = {"cer", "wer", "ler", "ser", "non_entailed"}  # of which an empty answer has 1


def goodness(metric: Metric, values: Floats) -> Floats:
    return values if metric.higher_is_better else -values


def corpus(metric: Metric, samples: list[Scored]) -> float:
    ready = metric.prepared(each.references for each in samples)
    value = ready.corpus(ready.statistics(samples))[metric.results[0]]
    return float(goodness(metric, np.array(value)))


def sample(ladder: Ladder, step: int) -> Scored:
    return Scored(ladder.answers[step], ladder.references)


def test_every_metric_has_ladders() -> None:
    assert set(LADDERS) == set(JUDGING)


@pytest.mark.parametrize("name", JUDGING)
@given(data=st.data())
def test_a_worse_answer_never_scores_higher(name: str, data: st.DataObject) -> None:
    metric = METRICS[name]
    ladders = data.draw(st.lists(LADDERS[name], min_size=2, max_size=4))
    ready = metric.prepared(each.references for each in ladders)
    for ladder in ladders:
        rows = ready.statistics([sample(ladder, step) for step in range(len(ladder.answers))])
        scores = goodness(metric, ready.scores(rows))
        assert (np.diff(scores) <= 1e-12).all()


@pytest.mark.parametrize("name", JUDGING)
@given(data=st.data())
def test_a_worse_answer_never_raises_the_value_of_a_corpus(name: str, data: st.DataObject) -> None:
    metric = METRICS[name]
    first, *others = data.draw(st.lists(LADDERS[name], min_size=2, max_size=4))
    steps = [data.draw(st.integers(0, len(each.answers) - 1)) for each in others]
    rest = [sample(each, step) for each, step in zip(others, steps, strict=True)]
    values = [corpus(metric, [sample(first, step), *rest]) for step in range(len(first.answers))]
    assert (np.diff(values) <= 1e-12).all()


@pytest.mark.parametrize("name", JUDGING)
@given(data=st.data())
def test_failing_never_beats_answers_of_the_size_of_the_references(
    name: str, data: st.DataObject
) -> None:
    metric = METRICS[name]
    first, *others = data.draw(st.lists(LADDERS[name], min_size=2, max_size=4))
    steps = [data.draw(st.integers(0, len(each.answers) - 1)) for each in others]
    rest = [sample(each, step) for each, step in zip(others, steps, strict=True)]
    wrong = corpus(metric, [sample(first, len(first.answers) - 1), *rest])
    failed = Scored(first.empty, first.references, failed=True)
    assert corpus(metric, [failed, *rest]) <= wrong + 1e-12


@pytest.mark.parametrize("name", JUDGING)
@given(data=st.data())
def test_perfect_answers_give_the_maximum_and_empty_ones_the_minimum(
    name: str, data: st.DataObject
) -> None:
    metric = METRICS[name]
    unique = st.lists(LADDERS[name], min_size=2, max_size=4, unique_by=lambda each: each.references)
    ladders = data.draw(unique)
    best = corpus(metric, [sample(each, 0) for each in ladders])
    worst = corpus(metric, [Scored(each.empty, each.references) for each in ladders])
    highest = metric.highest if metric.higher_is_better else -metric.lowest
    assert best == pytest.approx(highest, abs=1e-9)
    lowest = -1.0 if name in RATES else EMPTY.get(name, metric.lowest)
    assert worst == pytest.approx(lowest, abs=1e-9)


@pytest.mark.parametrize("name", METRICS)
@given(data=st.data())
def test_the_order_of_samples_changes_nothing(name: str, data: st.DataObject) -> None:
    metric = METRICS[name]
    ladders = data.draw(st.lists(LADDERS.get(name, CAPTIONS), min_size=1, max_size=5))
    steps = [data.draw(st.integers(0, len(each.answers) - 1)) for each in ladders]
    samples = [sample(each, step) for each, step in zip(ladders, steps, strict=True)]
    order = random.Random(data.draw(st.integers(0, 9))).sample(range(len(samples)), len(samples))
    moved = [samples[place] for place in order]
    ready = metric.prepared(each.references for each in samples)
    again = metric.prepared(each.references for each in moved)
    before, after = ready.statistics(samples), again.statistics(moved)
    assert after == pytest.approx(before[order], abs=1e-12)
    assert again.corpus(after) == pytest.approx(ready.corpus(before), abs=1e-12)
