"""A job cannot win by failing: a failed answer is never right, whatever the reference is."""

from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pycocotools import mask as coco
from support.plain_entailment import METRICS

from pipelines.evaluation.metrics.metric import Floats, Metric, Scored
from pipelines.evaluation.metrics.values import BoxedLabel
from pipelines.evaluation.sample_table import SampleTable, StoredAnswer
from pipelines.evaluation.score_samples import score_samples
from pipelines.rows.run_lengths import RunLengths

JUDGING = [name for name, metric in METRICS.items() if metric.higher_is_better is not None]
MASKS = [
    RunLengths((3, 4), coco.encode(np.full((3, 4), value, np.uint8, order="F"))["counts"].decode())
    for value in (0, 1)
]
# Some references are empty, or become empty when a metric normalizes them.
TEXTS = st.sampled_from(
    ["", " ", "the", ".", "\n", "yes", "no", "0", "a red dog", "<table></table>"]
)
BOXES = st.builds(BoxedLabel, st.sampled_from(["a", "###"]), *map(st.just, (0.0, 0.0, 4.0, 4.0)))
REFERENCES = {
    "text": st.lists(TEXTS, min_size=1, max_size=4),
    "boxes": st.lists(BOXES, max_size=2),
    "words": st.lists(BOXES, max_size=2),
    "masks": st.lists(st.sampled_from(MASKS), min_size=1, max_size=2),
}
NOTHING = {"text": "", "boxes": (), "words": (), "masks": None}


def right(metric: Metric, references: tuple[object, ...]) -> object:
    return references if metric.kind in ("boxes", "words") else references[0]


def goodness(metric: Metric, values: Floats) -> Floats:
    return values if metric.higher_is_better else -values


@pytest.mark.parametrize("name", JUDGING)
@given(data=st.data())
def test_failing_never_wins(name: str, data: st.DataObject) -> None:
    metric = METRICS[name]
    drawn = st.lists(REFERENCES[metric.kind].map(tuple), min_size=1, max_size=4)
    references: list[tuple[object, ...]] = data.draw(drawn)
    ready = metric.prepared(iter(references))
    nothing = NOTHING[metric.kind]
    failed = ready.statistics([Scored(nothing, each, failed=True) for each in references])
    empty = ready.statistics([Scored(nothing, each) for each in references])
    whole = ready.statistics([Scored(right(metric, each), each) for each in references])
    worst = goodness(metric, ready.scores(failed))
    assert (worst <= (0 if metric.higher_is_better else -1)).all()
    assert (worst <= goodness(metric, ready.scores(empty))).all()
    for others in (empty, whole):  # the first sample fails, the others do not
        mixed = np.concatenate([failed[:1], others[1:]])
        before, after = (
            goodness(metric, np.array([ready.corpus(each)[metric.results[0]]]))
            for each in (others, mixed)
        )
        assert (after <= before + 1e-12).all()


@pytest.mark.parametrize("side", [0, 1])
@pytest.mark.parametrize("status", ["ok", "redacted", "partial", "dropped"])
def test_an_answer_that_is_not_whole_is_a_failed_one(
    tmp_path: Path, side: int, status: str
) -> None:
    metric = METRICS["box_f1"]
    with closing(SampleTable(tmp_path / "samples", [metric.kind])) as table:
        for each in (0, 1):
            given = status if each == side else "ok"
            table.add_answers(each, [StoredAnswer("0.tar", 0, "a", given, [], [])])
        table.join(by_key=False, compared=True)
        scores = score_samples(metric, table, compared=True)
    assert scores.other is not None
    expected = float(status in ("ok", "redacted"))
    assert metric.scores((scores.statistics, scores.other)[side]) == [expected]
    assert metric.scores((scores.statistics, scores.other)[1 - side]) == [1]
