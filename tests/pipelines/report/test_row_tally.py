"""Scores and answers of batches are added up, whatever the batches, and names are bounded."""

from collections import Counter

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from pipelines.report.row_tally import MAX_LABELS, MAX_SCORES, RowTally, TallySource
from schemas.tables import IDENTITY, INFO

OBJECTS = pa.list_(pa.struct([("label", pa.string())]))
SOURCE = TallySource({"boxes": "detect"}, ["language"])
Row = tuple[str, dict[str, float], list[str] | None]  # status, scores, labels


def batch(rows: list[Row]) -> pa.RecordBatch:
    info = {"status": "ok", "finish_reason": "stop", "num_tokens": 3}
    columns = {
        "status": pa.array([status for status, _, _ in rows], pa.string()),
        "scores": pa.array(
            [[{"name": n, "value": v} for n, v in scores.items()] for _, scores, _ in rows],
            IDENTITY["scores"],
        ),
        "boxes_info": pa.array([None if each[2] is None else info for each in rows], INFO),
        "boxes": pa.array(
            [
                None if labels is None else [{"label": each} for each in labels]
                for *_, labels in rows
            ],
            OBJECTS,
        ),
    }
    return pa.RecordBatch.from_pydict(columns)


def tally(*batches: list[Row]) -> RowTally:
    total = RowTally(SOURCE)
    for rows in batches:
        total.add(batch(rows))
    return total


def numbers(total: RowTally) -> dict[str, tuple[list[float], list[float]]]:
    """Return the scores of kept rows and of others, by name; each value as often as it occurs."""
    return {
        name: tuple(
            np.repeat(each.histogram().values, each.histogram().counts).tolist()
            for each in (values.kept, values.others)
        )  # type: ignore[misc]
        for name, values in total.scores.items()
    }


def test_scores_are_divided_by_status() -> None:
    total = tally([("kept", {"a.x": 1, "a.y": 0.5}, []), ("dropped", {"a.x": 2}, None)])
    assert numbers(total) == {"a.x": ([1], [2]), "a.y": ([0.5], [])}


def test_what_is_no_number_is_left_out() -> None:
    total = tally([("kept", {"a.x": float("nan")}, []), ("kept", {"a.x": float("inf")}, [])])
    assert numbers(total) == {"a.x": ([], [])}


def test_scores_named_after_languages_are_one() -> None:
    rows: list[Row] = [
        ("kept", {"language.en": 0.5}, []),
        ("dropped", {"language.de": 1, "language.indeterminate_language_uncertain": 1}, None),
    ]
    assert numbers(tally(rows)) == {
        "language.probability": ([0.5], [1]),
        "language.indeterminate_language_uncertain": ([], [1]),
    }


def test_objects_and_labels_are_counted() -> None:
    rows: list[Row] = [("kept", {}, ["cat", "dog", "cat"]), ("kept", {}, []), ("dropped", {}, None)]
    answers = tally(rows, rows).answers["boxes"]
    assert answers.statuses == Counter(ok=4)
    assert answers.tokens == Counter({3: 4})
    assert answers.objects == Counter({0: 2, 3: 2})
    assert answers.labels == Counter(cat=4, dog=2)


def test_the_number_of_names_is_bounded() -> None:
    total = tally([("kept", {f"a.{n}": 1 for n in range(MAX_SCORES + 5)}, [])])
    assert len(total.scores) == MAX_SCORES
    assert total.has_more_scores
    answers = tally([("kept", {}, [f"{n:05}" for n in range(MAX_LABELS + 5)])]).answers["boxes"]
    assert (len(answers.labels), answers.other_labels) == (MAX_LABELS, 5)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["kept", "dropped"]),
            st.dictionaries(st.sampled_from(["a.x", "a.y"]), st.integers(0, 9).map(float)),
            st.none() | st.lists(st.sampled_from(["cat", "dog"]), max_size=3),
        ),
        max_size=20,
    ),
    st.integers(0, 20),
)
def test_parts_give_what_the_whole_gives(rows: list[Row], cut: int) -> None:
    first, second = tally(rows[:cut]), tally(rows[cut:])
    first.merge(second)
    whole = tally(rows)
    assert numbers(first) == numbers(whole)
    assert first.answers == whole.answers
