"""Class labels are found by name; the activation comes from the model or from the job."""

import json
from pathlib import Path
from typing import Any

import pytest

from filters.classifiers.class_labels import ClassLabels
from schemas.errors import JobError


def written(folder: Path, **config: Any) -> Path:
    (folder / "config.json").write_text(json.dumps(config))
    return folder


def test_names_are_in_the_order_of_their_indices(tmp_path: Path) -> None:
    names = {str(number): f"label {number}" for number in (10, 2, 0, 1, *range(3, 10))}
    labels = ClassLabels.read(written(tmp_path, id2label=names, problem_type="regression"))
    assert labels.names == tuple(f"label {number}" for number in range(11))
    assert labels.problem_type == "regression"


@pytest.mark.parametrize(
    ("name", "number"), [("NSFW", 1), ("nsfw", 1), ("normal", 0), ("Toxic", 2), ("toxic", 3)]
)
def test_case_matters_only_between_labels_that_differ_in_case_alone(name: str, number: int) -> None:
    assert ClassLabels(("Normal", "nsfw", "Toxic", "toxic")).index_of(name, "label") == number


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("porn", "label: the model has no label 'porn': take one of Normal, Toxic, toxic"),
        ("TOXIC", "label: the model has several labels 'TOXIC': take one of Normal, Toxic, toxic"),
    ],
)
def test_the_error_for_an_unknown_label_lists_the_labels(name: str, message: str) -> None:
    with pytest.raises(JobError) as caught:
        ClassLabels(("Normal", "Toxic", "toxic")).index_of(name, "label")
    assert str(caught.value) == message


def test_of_many_labels_the_error_lists_the_closest() -> None:
    labels = ClassLabels(("Toxic", *(f"class {number}" for number in range(1000)), "toxic"))
    with pytest.raises(JobError, match=r"take one of Toxic, toxic and 1,000 more$"):
        labels.index_of("TOXIC", "label")


@pytest.mark.parametrize(
    "config",
    [{}, {"id2label": ["a"]}, {"id2label": {"1": "a"}}, {"id2label": {"0": "a", "2": "b"}}],
)
def test_models_without_labels_are_refused(tmp_path: Path, config: dict[str, Any]) -> None:
    with pytest.raises(JobError, match=r"model: .* has no config.json that names the labels"):
        ClassLabels.read(written(tmp_path, **config))


def test_a_configuration_that_is_nested_deeply_is_refused(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("[" * 100_000)
    with pytest.raises(JobError, match=r"model: .* has no config.json"):
        ClassLabels.read(tmp_path)


def test_a_folder_without_a_configuration_is_refused(tmp_path: Path) -> None:
    with pytest.raises(JobError, match=r"model: .* has no config.json"):
        ClassLabels.read(tmp_path)


@pytest.mark.parametrize(
    ("names", "problem", "heads", "independent"),
    [
        ("ab", None, "auto", False),
        ("a", None, "auto", True),
        ("ab", "single_label_classification", "auto", False),
        ("ab", "multi_label_classification", "auto", True),
        ("ab", "multi_label_classification", "softmax", False),
        ("ab", None, "sigmoid", True),
        ("ab", "regression", "sigmoid", True),
    ],
)
def test_heads(names: str, problem: str | None, heads: Any, independent: bool) -> None:
    assert ClassLabels(tuple(names), problem).are_independent(heads) is independent


def test_outputs_that_are_no_probabilities_are_refused() -> None:
    with pytest.raises(JobError, match="heads: the model's problem_type is 'regression'"):
        ClassLabels(("a",), "regression").are_independent()
