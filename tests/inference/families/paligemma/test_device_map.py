"""Tests a model on several devices: balanced shares and unchanged answers."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from accelerate import dispatch_model
from accelerate.utils import check_device_map
from hypothesis import given
from hypothesis import strategies as st
from transformers import PaliGemmaForConditionalGeneration

from benchmarks.inference.random_weights import paligemma2_3b
from inference.device import model_devices
from inference.families.dimensions import place_layers
from inference.families.paligemma import loading as paligemma
from inference.families.paligemma import plain_loading
from inference.families.paligemma.device_map import device_map, module_devices
from schemas.errors import JobError
from schemas.generation import Request


@given(
    layers=st.integers(1, 60),
    gpus=st.integers(1, 8),
    first=st.floats(0, 40),
)
def test_layers_are_spread_evenly_over_gpus(layers: int, gpus: int, first: float) -> None:
    placed = place_layers(layers, 1.0, first, gpus)
    assert list(placed) == sorted(placed)
    assert len(placed) == layers
    layers_per_gpu = [placed.count(gpu) for gpu in range(gpus)]
    if layers >= gpus:
        assert all(layers_per_gpu[1:])
        assert max(layers_per_gpu[1:], default=0) - min(layers_per_gpu[1:], default=0) <= 1
    most = max(first + layers_per_gpu[0], *layers_per_gpu)
    fair = max((first + layers) / gpus, first)
    assert most <= fair + 1
    assert set(device_map(placed).values()) <= set(range(gpus))


def test_the_device_map_places_every_weight() -> None:
    with torch.device("meta"):
        model: Any = PaliGemmaForConditionalGeneration(paligemma2_3b(224, layers=6))
    placed = device_map(place_layers(6, 1.0, 2.0, 3))
    check_device_map(model, placed)  # raises where a weight is missing
    weights_per_gpu = dict.fromkeys(placed.values(), 0)
    for name, _ in model.named_parameters():
        gpu = next(gpu for module, gpu in placed.items() if name.startswith(f"{module}."))
        weights_per_gpu[gpu] += 1
    assert all(weights_per_gpu.values())


@pytest.mark.parametrize("kind", ["fast", "reference"])
def test_answers_are_the_same_as_on_one_device(
    checkpoint: Callable[..., Path],
    engine: Callable[..., Any],
    generation: int,
    kind: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Accelerate's hooks place each module, here all on the same device.

    They place a fast engine's modules where the modules are transformers' own.
    """
    images = np.random.default_rng(1).integers(0, 256, (3, 56, 56, 3), dtype=np.uint8)
    block = [Request((image,), (("caption en", 12), ("ocr", 5))) for image in images]
    whole = engine(checkpoint(generation), kind=kind).generate(block)
    load = paligemma.load
    monkeypatch.setattr(plain_loading, "fits", lambda _: False)

    def dispatched(folder: Path, precision: str, devices: Sequence[str], *rest: Any) -> Any:
        loaded = load(folder, precision, devices, *rest)
        places = module_devices(folder, precision, ["cpu", "cpu"])
        dispatch_model(loaded.model, places, main_device="cpu", force_hooks=True)
        return loaded

    monkeypatch.setattr(paligemma, "load", dispatched)
    split = engine(checkpoint(generation), kind=kind)
    assert all(hasattr(layer, "_hf_hook") for layer in split.model.model.language_model.layers)
    assert split.generate(block) == whole


def test_a_worker_with_too_few_gpus_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert model_devices("cuda", 1) == ["cuda"]
    assert model_devices("cuda", 2) == ["cuda:0", "cuda:1"]
    assert model_devices("cpu", 2) == ["cpu"]
    with pytest.raises(JobError, match="gpus_per_worker: 3, but a worker sees 2 GPUs"):
        model_devices("cuda", 3)
