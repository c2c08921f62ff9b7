"""Compares a checkpoint loaded for the fast engine with transformers' own, to the bit."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from support.random_checkpoint import build

from inference.families.paligemma import plain_loading
from inference.families.paligemma.device_map import device_map
from inference.families.paligemma.loaded_checkpoint import LoadedCheckpoint
from inference.families.paligemma.loading import load
from inference.families.paligemma.module_names import current_name
from inference.families.paligemma.modules import PaliGemmaModules
from inference.families.paligemma.plain_loading import load_plain
from schemas.errors import JobError
from schemas.generation import Request

NORM = "model.language_model.norm.weight"
PHOTOS = np.random.default_rng(0).integers(0, 256, (3, 56, 56, 3), dtype=np.uint8)
BLOCK = [Request((photo,), (("caption en", 9), ("detect circle ; star", 12))) for photo in PHOTOS]


@pytest.fixture
def folder(checkpoint: Callable[..., Path], tmp_path: Path) -> Path:
    """A copy of the checkpoint that a test may change."""
    return Path(shutil.copytree(checkpoint(2), tmp_path / "checkpoint"))


def plain(folder: Path, precision: str = "float32") -> LoadedCheckpoint:
    loaded = load_plain(folder, precision, ["cpu"])
    assert loaded is not None
    return loaded


def assert_same_weights(folder: Path, precision: str = "float32") -> None:
    weights = plain(folder, precision).model.state_dict()
    expected = load(folder, precision, ["cpu"]).model.state_dict()
    assert weights.keys() == expected.keys()
    for name, weight in weights.items():
        assert weight.dtype is expected[name].dtype, name
        assert torch.equal(weight, expected[name]), name


def current_weights(folder: Path) -> dict[str, torch.Tensor]:
    loaded = load_file(folder / "model.safetensors")
    return {current_name(name): weight for name, weight in loaded.items()}


def configure(folder: Path, part: str, **settings: Any) -> None:
    path = folder / "config.json"
    config = json.loads(path.read_text())
    (config[part] if part else config).update(settings)
    path.write_text(json.dumps(config))


@pytest.mark.parametrize("precision", ["float32", "bfloat16", "float16"])
def test_weights_are_those_of_transformers(
    checkpoint: Callable[..., Path], generation: int, precision: str
) -> None:
    assert_same_weights(checkpoint(generation), precision)
    model = plain(checkpoint(generation), precision).model
    assert model.dtype is getattr(torch, precision)
    assert model.lm_head.weight is model.model.language_model.embed_tokens.weight


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_answers_are_those_with_transformers_modules(
    checkpoint: Callable[..., Path],
    engine: Callable[..., Any],
    generation: int,
    precision: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings: dict[str, Any] = {"precision": precision, "kind": "fast"}
    own = engine(checkpoint(generation), **settings)
    assert isinstance(own.model, PaliGemmaModules)
    monkeypatch.setattr(plain_loading, "fits", lambda _: False)
    transformers = engine(checkpoint(generation), **settings)
    assert not isinstance(transformers.model, PaliGemmaModules)
    assert own.generate(BLOCK) == transformers.generate(BLOCK)
    assert own.workload() == transformers.workload()


@pytest.mark.parametrize("generation", [1, 2])
def test_settings_of_the_configuration_are_those_of_transformers(
    tmp_path: Path, engine: Callable[..., Any], generation: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each setting changes the answers; none has its default."""
    settings: dict[str, Any] = {"attention_bias": True, "rms_norm_eps": 0.01}
    settings |= {"hidden_act" if generation == 1 else "hidden_activation": "gelu"}
    settings |= {"rope_parameters": {"rope_type": "default", "rope_theta": 500.0}}
    if generation == 2:
        settings |= {"attn_logit_softcapping": 2.0}
    folder = build(tmp_path, generation, image_size=56, **settings)
    if generation == 2:
        configure(folder, "text_config", query_pre_attn_scalar=5)
    configure(folder, "vision_config", hidden_act="gelu", layer_norm_eps=0.1)
    path = folder / "model.safetensors"
    weights = load_file(path)
    for name, weight in weights.items():
        if name.endswith("_proj.bias"):
            weight.copy_(torch.linspace(-1, 1, len(weight)))
    save_file(weights, path, {"format": "pt"})
    own = engine(folder, kind="fast")
    assert isinstance(own.model, PaliGemmaModules)
    monkeypatch.setattr(plain_loading, "fits", lambda _: False)
    assert own.generate(BLOCK) == engine(folder, kind="fast").generate(BLOCK)


def test_current_and_former_names_of_weights_are_read(folder: Path) -> None:
    """transformers saves the former names."""
    path = folder / "model.safetensors"
    assert NORM not in load_file(path)
    assert_same_weights(folder)
    save_file(current_weights(folder), path, {"format": "pt"})
    assert NORM in load_file(path)
    assert_same_weights(folder)


def test_weights_in_several_files_are_read(folder: Path) -> None:
    path = folder / "model.safetensors"
    weights = load_file(path)
    path.unlink()
    names = sorted(weights)
    files = {"a.safetensors": names[::2], "b.safetensors": names[1::2]}
    for file, held in files.items():
        save_file({name: weights[name] for name in held}, folder / file, {"format": "pt"})
    index = {name: file for file, held in files.items() for name in held}
    (folder / "model.safetensors.index.json").write_text(
        json.dumps({"metadata": {}, "weight_map": index})
    )
    assert_same_weights(folder)


@pytest.mark.parametrize(
    ("part", "settings"),
    [
        ("text_config", {"rope_parameters": {"rope_type": "linear", "rope_theta": 9, "factor": 2}}),
        ("", {"tie_word_embeddings": False}),
    ],
)
def test_what_only_transformers_has_is_left_to_it(
    folder: Path, part: str, settings: dict[str, Any]
) -> None:
    configure(folder, part, **settings)
    assert load_plain(folder, "float32", ["cpu"]) is None


def test_a_head_of_its_own_is_left_to_transformers(folder: Path) -> None:
    path = folder / "model.safetensors"
    weights = current_weights(folder)
    head = weights["model.language_model.embed_tokens.weight"] * 2
    save_file({**weights, "lm_head.weight": head}, path, {"format": "pt"})
    assert load_plain(folder, "float32", ["cpu"]) is None


def test_a_missing_weight_and_one_of_another_shape_are_refused(folder: Path) -> None:
    path = folder / "model.safetensors"
    weights = current_weights(folder)
    norm = weights.pop(NORM)
    save_file(weights, path, {"format": "pt"})
    with pytest.raises(JobError, match="weights are missing"):
        load_plain(folder, "float32", ["cpu"])
    weights[NORM] = norm[1:].clone()
    save_file(weights, path, {"format": "pt"})
    with pytest.raises(JobError, match="weights are missing"):
        load_plain(folder, "float32", ["cpu"])


def test_several_devices_share_the_layers(
    checkpoint: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The meta device stands for a second GPU; head and embedding stay one matrix."""
    placed = {name: ("cpu", "meta")[gpu] for name, gpu in device_map((0, 0, 1, 1)).items()}
    monkeypatch.setattr(plain_loading, "module_devices", lambda *_: placed)
    loaded = load_plain(checkpoint(2), "float32", ["cpu", "meta"])
    assert loaded is not None
    model = loaded.model
    for name, weight in model.named_parameters():
        places = {device for module, device in placed.items() if name.startswith(f"{module}.")}
        assert places == {weight.device.type}, name
    assert model.lm_head.weight is model.model.language_model.embed_tokens.weight
