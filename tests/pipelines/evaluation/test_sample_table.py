"""The table joins answers and references of every kind, and merges pairs."""

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from pipelines.evaluation.metrics.all_metrics import METRICS
from pipelines.evaluation.metrics.metric import Kind
from pipelines.evaluation.sample_table import SampleTable, StoredAnswer
from pipelines.evaluation.score_samples import score_samples

BOX = {"label": "cat", "x_min": 0, "y_min": 0, "x_max": 10, "y_max": 10}
MASK = {"size": [2, 2], "counts": b"04"}  # all four pixels


@contextmanager
def table(path: Path, kind: Kind, *answers: StoredAnswer) -> Iterator[SampleTable]:
    with closing(SampleTable(path / "samples", [kind])) as made:
        made.add_answers(0, answers)
        yield made


def answer(index: int, value: object, truth: object, pair: str | None = None) -> StoredAnswer:
    return StoredAnswer("0.tar", index, str(index), "ok", value, truth, pair=pair)


def value(metric: str, made: SampleTable) -> float:
    made.join(by_key=False, compared=False)
    scores = score_samples(METRICS[metric], made)
    return METRICS[metric].corpus(scores.statistics)[METRICS[metric].results[0]]


def test_boxes_are_carried_as_objects_or_as_json(tmp_path: Path) -> None:
    other = BOX | {"label": "dog"}
    answers = (answer(0, [BOX], [BOX]), answer(1, [BOX], json.dumps([BOX, other])))
    with table(tmp_path, "boxes", *answers) as made:
        assert value("box_f1", made) == pytest.approx(2 * 2 / (2 * 2 + 1))


def test_masks_keep_their_counts(tmp_path: Path) -> None:
    answers = (answer(0, [{**BOX, "mask": MASK}], [{"mask": MASK}]), answer(1, [], [MASK]))
    with table(tmp_path, "masks", *answers) as made:
        assert value("mask_iou", made) == 1 / 2


def test_both_answers_of_a_pair_must_be_right(tmp_path: Path) -> None:
    right = [answer(0, "a", "a", "x"), answer(1, "b", "b", "x"), answer(2, "a", "a", "y")]
    answers = (*right, answer(3, "a", "b", "y"), answer(4, "a", "a"), answer(5, "b", "a"))
    with table(tmp_path, "text", *answers) as made:
        assert value("paired", made) == 2 / 4  # x and the sample 4; y and the sample 5 are wrong


@pytest.mark.parametrize("truth", ["no JSON", "[1]", "{}", [{"label": "cat"}], 3, "[" * 100_000])
def test_wrong_objects_are_counted(tmp_path: Path, truth: object) -> None:
    with table(tmp_path, "boxes", answer(0, [], truth), answer(1, [], [])) as made:
        numbers = made.join(by_key=False, compared=False)
    assert (numbers["judged"], numbers["wrong_truth"]) == (1, 1)


def test_objects_with_other_scores_are_no_changed_answer(tmp_path: Path) -> None:
    scored = [[BOX | {"score": score}] for score in (0.5, 0.5000001)]
    moved = [BOX | {"score": 0.5, "x_min": 1}]
    with table(tmp_path, "boxes", *(answer(index, scored[0], []) for index in range(2))) as made:
        made.add_answers(1, [answer(0, scored[1], []), answer(1, moved, [])])
        numbers = made.join(by_key=False, compared=True)
    assert (numbers["judged"], numbers["changed"]) == (2, 1)
