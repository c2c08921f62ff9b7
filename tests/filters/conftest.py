"""Fixtures: small models, and the resources a filter loads with."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from demo import __main__ as demo
from schemas.resources import Resources


@pytest.fixture(scope="session")
def resources() -> Resources:
    return Resources(lambda path: Path(path).open("rb"))


@pytest.fixture(scope="session")
def text_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from support.small_classifiers import text_classifier

    return text_classifier(tmp_path_factory.mktemp("text_model"))


@pytest.fixture(scope="session")
def token_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from support.small_classifiers import token_classifier

    return token_classifier(tmp_path_factory.mktemp("token_model"))


@pytest.fixture(scope="session")
def placards() -> Path:
    return Path(demo.__file__).parent / "placard_classifier"


@pytest.fixture
def changed(tmp_path: Path) -> Callable[..., Path]:
    """A copy of a model with changed values in its config.json; None removes a value."""

    def changed(folder: Path, **values: Any) -> Path:
        copy = Path(shutil.copytree(folder, tmp_path / f"model{len(list(tmp_path.iterdir()))}"))
        config = json.loads((copy / "config.json").read_text()) | values
        kept = {name: value for name, value in config.items() if value is not None}
        (copy / "config.json").write_text(json.dumps(kept))
        return copy

    return changed
