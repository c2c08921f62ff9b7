"""Tests that an incomplete model of a filter is refused at the plan, by the file's name."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from safetensors.torch import load_file, save_file
from support.damaged_files import DAMAGES

from filters import PersonalDataModel, PornImageModel, ToxicityModel
from filters.classifiers.model_filter import ModelFilter
from inference import resolve_model
from schemas.errors import JobError
from schemas.resources import Resources

FILTERS: dict[str, Callable[[Path], ModelFilter]] = {
    "placards": lambda folder: PornImageModel(model=str(folder), label="nsfw"),
    "text_model": lambda folder: ToxicityModel(model=str(folder)),
    "token_model": lambda folder: PersonalDataModel(model=str(folder), labels={"PER": "NAME"}),
}


@pytest.fixture(params=FILTERS)
def stage(request: pytest.FixtureRequest, tmp_path: Path) -> ModelFilter:
    """A filter with a copy of its model, which a test may damage."""
    folder = shutil.copytree(request.getfixturevalue(request.param), tmp_path / "model")
    return FILTERS[request.param](Path(folder))


def plan(stage: ModelFilter, resources: Resources) -> None:
    """Check the filter and its model as a plan does."""
    (reference,) = stage.models()
    resolve_model(reference)
    stage.check(resources)


def refusal(stage: ModelFilter, resources: Resources) -> str | None:
    """Return the error of the plan; without one, the filter loads."""
    try:
        plan(stage, resources)
    except JobError as error:
        return str(error)
    stage.load(resources)  # type: ignore[attr-defined]
    return None


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_is_named_at_the_plan(
    stage: ModelFilter, damage: Callable[[Path], None], resources: Resources
) -> None:
    plan(stage, resources)
    for path in Path(stage.model).iterdir():
        content = path.read_bytes()
        damage(path)
        error = refusal(stage, resources)
        if error is None:
            assert path.name in ("README.md", "tokenizer_config.json")
        else:
            assert error.startswith("model: ")
            assert path.name in error or "*.safetensors" in error
        path.write_bytes(content)


def test_the_sizes_of_the_configuration_are_those_of_the_weights(
    stage: ModelFilter, resources: Resources
) -> None:
    config = Path(stage.model) / "config.json"
    values = json.loads(config.read_text())
    for key in ("vocab_size", "id2label"):
        if key in values:
            more = (
                values[key] + 1
                if key == "vocab_size"
                else values[key] | {str(len(values[key])): "more"}
            )
            config.write_text(json.dumps(values | {key: more}))
            with pytest.raises(JobError, match=r"^model: .*model\.safetensors' has .* rows in"):
                plan(stage, resources)


def test_weights_of_another_shape_are_refused_when_loaded(
    stage: ModelFilter, resources: Resources
) -> None:
    path = Path(stage.model) / "model.safetensors"
    weights = load_file(path)
    name = next(name for name in weights if name.endswith("bias"))
    save_file(weights | {name: weights[name][:-1].clone()}, path, {"format": "pt"})
    with pytest.raises(JobError, match=r"^model: weights are missing"):
        stage.load(resources)  # type: ignore[attr-defined]
