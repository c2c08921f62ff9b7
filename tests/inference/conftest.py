"""Builds small checkpoints of random weights, and loads engines that run them."""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO

import pytest
from support.plain_forward import PlainForward
from support.random_checkpoint import build

from inference import Model, load_engine, resolve_checkpoint
from schemas.resources import Resources


def opened(path: str) -> BinaryIO:
    return Path(path).open("rb")


@pytest.fixture(params=[1, 2], ids=["PaliGemma", "PaliGemma2"], scope="session")
def generation(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Builds a checkpoint of 16 image tokens, once for each set of arguments."""

    @cache
    def checkpoint(generation: Any, **shape: int) -> Path:
        folder = tmp_path_factory.mktemp("checkpoint")
        return build(folder, generation, image_size=56, patch_size=14, **shape)

    return checkpoint


@pytest.fixture(scope="session")
def engine() -> Callable[..., Any]:
    """Loads a new engine at each call: the reference engine unless `kind` names another."""

    def engine(
        folder: Path,
        *,
        precision: str = "float32",
        batch_size: int = 4,
        kind: str = "reference",
        threads: int = 1,
        adapter: Path | None = None,
        grammar: bool = False,
    ) -> Any:
        model = Model.model_validate(
            {
                "checkpoint": str(folder),
                "precision": precision,
                "batch_size": batch_size,
                "engine": kind,
                "adapter": adapter and str(adapter),
                "grammar": grammar,
            }
        )
        return load_engine(model, resolve_checkpoint(model), Resources(opened, threads=threads))

    return engine


@pytest.fixture(scope="session")
def exact() -> Callable[[Path], PlainForward]:
    """Makes a PlainForward for each checkpoint, which loads it at the first call."""
    return cache(PlainForward)
