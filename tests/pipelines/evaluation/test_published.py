"""Published figures are set beside values of the same checkpoint, metric and split alone."""

from typing import Any

import pytest

from pipelines.display.result_card import result_card
from pipelines.evaluation.metrics.all_metrics import METRICS
from pipelines.evaluation.published import Checkpoint, checkpoint_of, published_figures
from pipelines.evaluation.result_card import CardRow, card_rows
from pipelines.evaluation.results import Evaluation, PartValues, Value
from schemas.errors import JobError

UNSCORED = {"radgraph_f1"}  # by no metric here


def model(name: str, local: bool = False, **keys: object) -> Checkpoint:
    resolved = {"checkpoint": {"local": local}}
    return checkpoint_of({"model": {"checkpoint": name, **keys}, "resolved": resolved})


def evaluation(**values: float) -> Evaluation:
    keys: dict[str, Any] = {"output": "0" * 64, "task": "answer", "truth": "truth"}
    keys |= {"against": None, "samples": {"judged": 10}, "by": None, "parts": {}, "averages": {}}
    shown = {
        name: Value(value=each, low=each - 0.1, high=each + 0.1) for name, each in values.items()
    }
    return Evaluation(**keys, values=shown, comparisons={})


def rows(name: str, benchmark: str | None, **values: float) -> list[CardRow]:
    return [*card_rows(evaluation(**values), model(name), benchmark)]


def test_every_figure_is_a_number_of_a_known_metric() -> None:
    known = {result for metric in METRICS.values() for result in metric.results} | UNSCORED
    for figure in published_figures():
        assert figure.metric in known, figure
        assert figure.scale in (1, 100)
        assert 0 < float(figure.value) < 1000


def test_no_figure_occurs_twice() -> None:
    names = [each[:7] for each in published_figures()]
    assert len(set(names)) == len(names)


def test_a_local_checkpoint_is_named_without_its_path() -> None:
    assert model("/home/someone/own/", local=True).name == "own"
    assert model("google/paligemma2-3b-pt-224").name == "google/paligemma2-3b-pt-224"


@pytest.mark.parametrize(
    ("name", "benchmark", "split", "metric", "printed"),
    [  # read from the cards by hand
        ("paligemma2-3b-pt-224", "COCOcap", "", "cider", "141.3"),
        ("paligemma2-28b-pt-448", "VQAv2", "minival", "vqa", "85.8"),
        ("paligemma2-10b-pt-448", "XM3600", "avg35", "cider", "44.6"),
        ("paligemma2-10b-ft-docci-448", "DOCCI", "", "characters", "521"),
        ("paligemma-3b-ft-docvqa-896", "DocVQA", "", "anls", "84.77"),
        ("paligemma-3b-mix-448", "POPE", "popular", "accuracy", "88.40"),
        ("paligemma-3b-pt-448", "POPE", "popular", "accuracy", "86.77"),
        ("paligemma-3b-pt-448", "RefCOCO+", "", "miou", "69.76"),
    ],
)
def test_figures_are_found(
    name: str, benchmark: str, split: str, metric: str, printed: str
) -> None:
    found = rows(f"google/{name}", f"{benchmark}:{split}", **{metric: 0.5})
    assert [each.published for each in found if each.result == metric] == [printed]


def test_the_same_checkpoint_metric_and_split_are_compared() -> None:
    (row,) = rows("google/paligemma-3b-ft-docvqa-448", "docvqa", anls=0.8)
    assert (row.value, row.published) == (80, "78.02")
    assert row.difference == pytest.approx(1.98)
    assert row.notes == ()


@pytest.mark.parametrize(
    ("name", "benchmark", "metric", "note"),
    [
        ("paligemma-3b-pt-448", "DocVQA", "anls", "this checkpoint is not fine-tuned"),
        ("paligemma-3b-ft-vqav2-448", "DocVQA", "anls", "published of ft-docvqa"),
        ("paligemma-3b-ft-docvqa-448", "DocVQA:val", "anls", "the card names no split"),
        ("paligemma-3b-ft-rsvqa-hr-448", "RSVQA-hr", "exact", "published on test, not"),
        ("paligemma-3b-ft-docvqa-448", "DocVQA", "exact", "published as anls"),
        ("demo/checkpoint", "DocVQA", "anls", "not published"),
        ("paligemma-3b-ft-aokvqa-da-448", "AOKVQA-DA", "vqa", "published as direct_answer"),
    ],
)
def test_what_differs_is_said_and_not_subtracted(
    name: str, benchmark: str, metric: str, note: str
) -> None:
    row = rows(name, benchmark, **{metric: 0.5})[0]
    assert row.difference is None
    assert note in "; ".join(row.notes)


def test_figures_without_a_value_are_listed() -> None:
    found = rows("google/paligemma2-3b-ft-docci-448", "DOCCI", characters=500, sentences=7)
    assert [(each.result, each.value, each.published) for each in found] == [
        ("characters", 500, "529"),
        ("sentences", 7, "7.74"),
        ("non_entailed", None, "28.42"),
    ]


def test_means_of_languages_meet_their_figures() -> None:
    averages = {"cider": {"en": 1.392, "avg34": 1.0, "avg": 1.1}}
    result = evaluation(cider=1.2).model_copy(update={"averages": averages})
    found = [*card_rows(result, model("google/paligemma-3b-ft-coco35l-224"), "COCO-35L")]
    shown = [(each.split, each.published, each.difference) for each in found]
    assert shown[1:] == [
        ("en", "139.2", pytest.approx(0)),
        ("avg34", "115.8", pytest.approx(-15.8)),
        ("avg", "116.4", pytest.approx(-6.4)),
    ]
    assert shown[0][2] is None


def test_how_the_model_was_changed_is_said() -> None:
    changed = model("/models/paligemma-3b-ft-docvqa-448/", True, precision="nf4", adapter="mine")
    (row,) = card_rows(evaluation(anls=0.8), changed, "DocVQA")
    assert row.notes == ("precision nf4", "with an adapter", "known by the name of its folder")
    assert row.difference is not None


def test_a_benchmark_of_no_card_is_a_mistake() -> None:
    with pytest.raises(JobError, match=r"'COCOcaps' is on no card: .* COCOcap, .* more"):
        rows("google/paligemma-3b-pt-224", "COCOcaps", cider=1)


def test_names_cannot_leave_their_cells() -> None:
    part = PartValues(samples=1, values={})
    result = evaluation(anls=0.5).model_copy(update={"by": "who", "parts": {"a|<b>\n# c": part}})
    page = result_card(result, model("a|b`c"), None)
    assert "a\\|\\<b\\> \\# c" in page
    assert "a\\|b\\`c" in page
    assert "none named" in page
    assert "| `anls` |  | 50.00 | 40.00 to 60.00 | 10 |  |  |  |" in page
