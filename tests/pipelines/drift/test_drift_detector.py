"""Planted changes are found, units that are alike are none, and p-values are Student's."""

import numpy as np
import pytest

from benchmarks.operations.drift import CHANGES, CORPORA, PLANTED, changes_of_run
from pipelines.config.drift import DriftSettings
from pipelines.drift.detector import TaskWatch, limit_of_p, main_language
from pipelines.drift.student_t import two_sided_p
from schemas.answer_statistics import AnswerStatistics


# The quantiles of t tables (Abramowitz and Stegun, table 26.10), and Cauchy's exact tail.
@pytest.mark.parametrize(
    ("t", "freedom", "p"),
    [
        (12.706, 1, 0.05),
        (2.228, 10, 0.05),
        (3.169, 10, 0.01),
        (2.861, 19, 0.01),
        (4.587, 10, 0.001),
        (1.0, 1, 0.5),
        (0.0, 7, 1.0),
    ],
)
def test_p_values_are_those_of_tables(t: float, freedom: int, p: float) -> None:
    assert two_sided_p(t, freedom) == pytest.approx(p, rel=2e-3)
    assert two_sided_p(-t, freedom) == two_sided_p(t, freedom)


def test_the_far_tail_of_two_degrees_of_freedom_is_exact() -> None:
    for t in (0.1, 1.0, 5.0, 1e3, 1e6):
        exact = 1 - t / np.sqrt(2 + t * t) if t < 10 else 1 / (t * t)
        assert two_sided_p(t, 2) == pytest.approx(exact, rel=1e-3)


@pytest.mark.parametrize("name", CORPORA)
def test_units_seldom_warn_without_a_change(name: str) -> None:
    settings = DriftSettings(false_alarms=0.05)
    warned = [
        any(True for _ in changes_of_run(80, CORPORA[name], seed, settings=settings))
        for seed in range(60)
    ]
    assert sum(warned) <= 8  # the chance of more is 1 % at 5 % false alarms


@pytest.mark.parametrize("name", CHANGES)
def test_planted_changes_are_found_soon(name: str) -> None:
    for seed in range(3):
        found = list(changes_of_run(PLANTED + 20, CORPORA["units alike"], seed, CHANGES[name]))
        assert found
        number, change = found[0]
        assert PLANTED <= number < PLANTED + 16
        assert change.p_value < limit_of_p(DriftSettings(), PLANTED + 20, 1)


def watching(**keys: float) -> TaskWatch:
    settings = DriftSettings.model_validate({"units": 10, **keys})
    return TaskWatch("caption", settings, 1e-6, [], [], AnswerStatistics(), set())


def answers(number: int, empty: int) -> AnswerStatistics:
    return AnswerStatistics(
        answers=number,
        empty=empty,
        texts=number - empty,
        tokens=9 * number,
        squared_tokens=81 * number,
    )


@pytest.mark.parametrize(("floor", "warns"), [(0.01, True), (0.06, False)])
def test_a_small_change_does_not_count(floor: float, warns: bool) -> None:
    watch = watching(min_share=floor)
    for number in range(10):
        assert watch.add(f"{number}", answers(100_000, 1000)) == []
    fewest = watch.windows[1]
    found = [watch.add(f"later {n}", answers(100_000, 6000)) for n in range(fewest)]
    assert not any(found[:-1])
    assert [each.now for each in found[-1]] == [pytest.approx(0.06)] * warns


@pytest.mark.parametrize(("empty", "warns"), [(4000, False), (5000, True)])
def test_a_single_unit_counts_if_nearly_all_of_its_answers_change(empty: int, warns: bool) -> None:
    watch = watching()
    for number in range(10):
        watch.add(f"{number}", answers(5000, 50 + number))
    changed = [each.characteristic for each in watch.add("later", answers(5000, empty))]
    assert changed == ["empty"] * warns
    assert watch.add("after it", answers(5000, 50)) == []


def test_single_units_of_a_kind_that_the_first_ones_lack_are_no_change() -> None:
    watch = watching()
    for number in range(10):
        watch.add(f"{number}", answers(5000, 50 + number))
    later = [answers(5000, 2500 if number % 5 == 4 else 50) for number in range(100)]
    assert not any(watch.add(f"{number}", each) for number, each in enumerate(later))


def test_small_units_are_taken_together() -> None:
    watch = watching()
    for number in range(49):
        watch.add(f"{number}", answers(20, 0))
    assert not watch.is_ready
    watch.add("49", answers(20, 0))
    assert watch.is_ready
    found = [watch.add(f"{number}", answers(20, 20)) for number in range(50, 55)]
    assert [len(each) for each in found] == [0, 0, 0, 0, 1]


def test_answers_that_never_vary_may_begin_to() -> None:
    watch = watching()
    for number in range(12):
        assert watch.add(f"{number}", answers(500, 0)) == []
    shorter = AnswerStatistics(answers=500, texts=500, tokens=500, squared_tokens=500)
    (change,) = watch.add("later", shorter)
    assert (change.characteristic, change.first, change.now) == ("length", 9.0, 1.0)


def test_memory_does_not_grow_with_units() -> None:
    watch = watching()
    for number in range(200):
        watch.add(f"{number}", answers(100, number % 3))
    assert (len(watch.first), len(watch.last)) == (10, 4 * watch.windows[1])


def test_the_main_language_is_that_of_most_texts() -> None:
    some = [AnswerStatistics(languages={"de": 3, "en": 2}), AnswerStatistics(languages={"en": 2})]
    assert main_language(some) == "en"
    assert main_language([]) == ""
