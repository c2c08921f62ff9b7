"""Values of the owners' rules on answers made here.

`vqa`: GT-Vision-Lab/VQA, its slips included, whose values 40,000 random answers equal. `anls`: the
script of DocVQA's server, where 0.5 counts; the package anls 0.0.2 gives 0 there. `relaxed`,
`direct_answer` and `counting`: google-research/big_vision, which scored the checkpoints; A-OKVQA's
own code has the rule of `direct_answer` too. `pope`: RUCAIBox/POPE, but an empty answer is wrong.
`cer` and `wer` equal jiwer 4.0.0. `ler` and `ser`: antoniorv6/SMT, of GrandStaff's authors.
"""

import random
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.evaluation.metrics.all_metrics import METRICS
from pipelines.evaluation.metrics.language_averages import language_averages
from pipelines.evaluation.metrics.metric import Scored
from pipelines.evaluation.metrics.sentences import split_sentences
from pipelines.evaluation.metrics.vqa_normalization import normalized

MEANS = ("vqa", "direct_answer", "exact", "relaxed", "multiple_choice", "counting", "anls")
RATES = ("cer", "wer", "ler", "ser")


def value(name: str, *samples: tuple[str, Sequence[str]]) -> dict[str, float]:
    metric = METRICS[name]
    scored = [Scored(answer, tuple(references)) for answer, references in samples]
    return dict(metric.corpus(metric.statistics(scored)))


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("The Red, dog!", "red dog"),
        ("dont know", "don't know"),
        ("couldntve y'allll", "couldntve y'all'll"),
        ("two cats", "2 cats"),
        ("1,000-2", "10002"),  # a comma between digits: marks vanish
        ("black/white", "black white"),
        ("black/ white", "black white"),
        ("3.5 a.m.", "3.5 am"),
        ("somebody'd Im", "somebodyd im"),
        ("couldnt've couldn'tve", "couldn't've couldn't've"),
        ("none", "0"),
        ("." * 33, "."),
    ],
)
def test_answers_are_normalized_as_vqa_does(answer: str, expected: str) -> None:
    assert normalized(answer) == expected


@pytest.mark.parametrize(
    ("agreeing", "expected"), [(0, 0), (1, 0.3), (2, 0.6), (3, 0.9), (4, 1), (10, 1)]
)
def test_vqa_leaves_out_one_of_ten(agreeing: int, expected: float) -> None:
    people = ["yes"] * agreeing + [f"other {number}" for number in range(10 - agreeing)]
    assert value("vqa", ("Yes.", people) if agreeing < 10 else ("yes", people)) == {
        "vqa": pytest.approx(expected)
    }


def test_vqa_normalizes_only_where_people_differ() -> None:
    assert value("vqa", ("The dog", ["dog"] * 10)) == {"vqa": 0}
    assert value("vqa", ("The dog", ["dog"] * 9 + ["cat"])) == {"vqa": 1}
    assert value("vqa", ("two\n", ["2"] * 5 + ["two"] * 5)) == {"vqa": 1}


@pytest.mark.parametrize(
    ("name", "answer", "references", "expected"),
    [
        ("direct_answer", "dog", ["dog", "dog", "cat"], 2 / 3),
        ("direct_answer", "dog", ["dog"] * 5, 1),
        ("direct_answer", "Dog", ["dog"] * 5, 0),
        ("exact", "CC(=O)O", ["CC(=O)O"], 1),
        ("exact", "cc(=O)O", ["CC(=O)O"], 0),
        ("relaxed", "105", ["100"], 1),
        ("relaxed", "105.1", ["100"], 0),
        ("relaxed", "95", ["100"], 1),
        ("relaxed", "12%", ["0.12"], 1),
        ("relaxed", "45%", ["45"], 0),
        ("relaxed", "0", ["0"], 1),
        ("relaxed", "0.0", ["0"], 0),
        ("relaxed", "1,234", ["1234"], 0),
        ("relaxed", "Yes", ["yes"], 1),
        ("relaxed", "Yes.", ["yes"], 0),
        ("relaxed", "nan", ["nan"], 0),  # a number, as the owners read it
        ("relaxed", "12.5%", ["0.12"], 1),
        ("multiple_choice", " The  Moon", ["the moon"], 1),
        ("multiple_choice", "moon", ["the moon"], 0),
        ("counting", "Two", ["2"], 1),
        ("counting", "twelve", ["12"], 1),
        ("counting", "none", ["0"], 1),
        ("counting", "3 cats", ["3"], 0),
        ("anls", "1,234 Main St", ["1234 main st"], 12 / 13),
        ("anls", "Hello  World", ["hello world"], 1),
        ("anls", "abcd", ["abxy"], 0.5),  # the threshold is inclusive
        ("anls", "abcd", ["axyz"], 0),
        ("anls", "a   b", ["ab"], 0.8),  # 1 edit; the longer text has 5 characters with its spaces
        ("anls", "straßen", ["straße"], 7 / 8),  # 1 edit; the longer text has 8 letters as STRASSEN
        ("anls", "coke", ["pepsi", "cola", "coke a"], 4 / 6),
        ("anls", "", ["x"], 0),
    ],
)
def test_scores(name: str, answer: str, references: list[str], expected: float) -> None:
    assert value(name, (answer, references)) == {name: pytest.approx(expected)}


def test_a_pair_is_right_if_both_answers_are() -> None:
    metric = METRICS["paired"]
    given = [Scored(answer, ("(a)",)) for answer in ("(a)", "(A)", "(a)", "(b)", "(b)", "(b)")]
    pairs = metric.merged(metric.statistics(given), np.array([0, 0, 1, 1, 2, 2]))
    assert metric.corpus(pairs) == {"paired": pytest.approx(1 / 3)}


def test_pope() -> None:
    answers = [
        ("Yes, there is.", ["yes"]),
        ("yes", ["no"]),
        ("No", ["no"]),
        ("There is not a dog.", ["yes"]),
        ("It has one. No other.", ["yes"]),  # the first sentence alone counts
        ("", ["no"]),
    ]
    expected = {"accuracy": 3 / 6, "precision": 2 / 4, "recall": 2 / 3, "f1": 4 / 7}
    assert value("pope", *answers) == pytest.approx({**expected, "yes_share": 3 / 6})


def test_error_rates_sum_edits_and_lengths() -> None:
    given = [("kitten", ["sitting"]), ("abc", ["abc", "xyz"]), ("", ["four"])]
    assert value("cer", *given) == {"cer": pytest.approx((3 + 0 + 4) / (7 + 3 + 4))}
    assert value("wer", ("a b c d", ["a x c"])) == {"wer": pytest.approx(2 / 3)}
    score, wanted = "*clefG2\t*clefF4\n4c\t4e\n", "*clefG2\t*clefF4\n4c\t4d\n*-\t*-"
    assert value("ler", (score, [wanted])) == {"ler": pytest.approx(2 / 3)}
    assert value("ser", (score, [wanted])) == {"ser": pytest.approx(4 / 11)}
    assert value("ler", ("a\n\nb", ["a\nb\n"])) == {"ler": pytest.approx(2 / 3)}
    assert value("ser", ("4c 4e\t4g", ["4c\t4e 4g"])) == {"ser": pytest.approx(2 / 4)}
    assert value("ser", ("a\tb", ["a\n\tb"])) == {"ser": pytest.approx(2 / 5)}


@pytest.mark.parametrize("name", RATES)
def test_rates_of_perfect_and_empty_transcriptions(name: str) -> None:
    text = "one two\nthree four"
    assert value(name, (text, [text])) == {name: 0}
    assert value(name, ("", [text])) == {name: 1}


answers = st.sampled_from(["yes", "no", "2", "two", "the dog", "a.b", "", "12%", "dog cat"])
samples = st.lists(
    st.builds(Scored, answers, st.lists(answers, min_size=1, max_size=10).map(tuple)),
    min_size=1,
    max_size=6,
)


@pytest.mark.parametrize("name", [*MEANS, *RATES, "pope", "lengths"])
@given(samples=samples, seed=st.integers(0, 9))
def test_order_changes_nothing(name: str, samples: list[Scored], seed: int) -> None:
    metric = METRICS[name]
    moved = random.Random(seed).sample(samples, len(samples))
    expected = metric.corpus(metric.statistics(samples))
    assert metric.corpus(metric.statistics(moved)) == pytest.approx(expected)
    assert metric.lowest <= expected[metric.results[0]] <= metric.highest


@pytest.mark.parametrize("name", MEANS)
@given(samples=samples, extra=answers)
def test_a_right_answer_scores_no_less(name: str, samples: list[Scored], extra: str) -> None:
    metric = METRICS[name]
    most = [max(each.references, key=each.references.count) for each in samples]
    right = [Scored(text, each.references) for text, each in zip(most, samples, strict=True)]
    if name not in ("vqa", "direct_answer"):  # people may agree on several answers there
        other = [Scored(extra, each.references) for each in samples]
        assert (metric.statistics(right) >= metric.statistics(other)).all()
        assert (metric.statistics(right) == 1).all()


@pytest.mark.parametrize("name", MEANS)
def test_perfect_and_empty_answers(name: str) -> None:
    assert value(name, ("7", ["7"] * 10)) == {name: 1}
    assert value(name, ("", ["7"] * 10)) == {name: 0}


def test_lengths() -> None:
    assert value("lengths", ("One. Two! 3.5 m?", ["x"]), ("", ["x"])) == {
        "characters": 8,
        "sentences": 1.5,
    }
    sentences = split_sentences("A man. He runs... fast! ... 猫がいる。犬もいる。")
    assert sentences == ("A man.", "He runs...", "fast!", "猫がいる。", "犬もいる。")


@pytest.mark.parametrize("piece", ["?", ".)", "?!'"])
def test_many_marks_take_linear_time(piece: str) -> None:
    marks = piece * 100_000  # quadratic time would hit --timeout
    assert split_sentences(f"A man{marks}x. He runs{marks} On.") == (
        f"A man{marks}x.",
        f"He runs{marks}",
        "On.",
    )


def test_averages_by_language() -> None:
    assert language_averages({"en": 0.8, "de": 0.4, "fr": 0.2}) == pytest.approx(
        {"en": 0.8, "avg2": 0.3, "avg": 1.4 / 3}
    )
    assert language_averages({}) == {}
