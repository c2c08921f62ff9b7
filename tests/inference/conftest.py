"""Small checkpoints of random weights, and engines that run them."""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pytest
from random_checkpoint import build

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
    """Loads a reference engine, a new one at each call."""

    def engine(folder: Path, *, precision: str = "float32", batch_size: int = 4) -> Any:
        model = Model.model_validate(
            {"checkpoint": str(folder), "precision": precision, "batch_size": batch_size}
        )
        return load_engine(model, resolve_checkpoint(model), Resources(opened))

    return engine


@pytest.fixture(scope="session")
def mask_decoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Random weights of the mask decoder, with the keys and shapes of vae-oid.npz."""
    random = np.random.default_rng(0)
    shapes = {"decoder.0": (128, 512, 1, 1), "decoder.12": (1, 16, 1, 1)}
    for block in ("decoder.2.net", "decoder.3.net"):
        shapes |= {f"{block}.{layer}": (128, 128, 3, 3) for layer in (0, 2)}
        shapes[f"{block}.4"] = (128, 128, 1, 1)
    for layer, (inputs, outputs) in {
        4: (128, 128),
        6: (128, 64),
        8: (64, 32),
        10: (32, 16),
    }.items():
        shapes[f"decoder.{layer}"] = (inputs, outputs, 4, 4)
    arrays = {"_vq_vae._embedding": random.normal(size=(128, 512))}
    for name, shape in shapes.items():
        outputs = shape[1] if shape[2] == 4 else shape[0]  # transposed kernels are [in, out, ...]
        spread = (2 * outputs / np.prod(shape)) ** 0.5 * (2 if shape[2] == 4 else 1)
        arrays[f"{name}.weight"] = random.normal(scale=spread, size=shape)
        arrays[f"{name}.bias"] = random.normal(scale=0.1, size=outputs)
    arrays["decoder.12.bias"] -= 0.4  # so that masks have an inside and an outside
    path = tmp_path_factory.mktemp("masks") / "vae-oid.npz"
    np.savez(path, **{name: array.astype(np.float32) for name, array in arrays.items()})  # type: ignore[arg-type]
    return path
