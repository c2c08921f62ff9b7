"""Tests that incomplete checkpoints and adapters are refused at the plan, by the file's name."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file
from support import random_adapter
from support.damaged_files import DAMAGES, POINTER, replaced_by_a_pointer
from support.local_hub import COMMIT, Hub, fetch_in_process, serve
from support.random_checkpoint import build
from transformers import AutoModelForImageTextToText, PaliGemmaConfig

from inference import Model, load_engine, resolve_checkpoint
from inference.families.paligemma.checkpoint_files import (
    TEXT_SIZES,
    TOP_SIZES,
    VISION_SIZES,
    expected_shapes,
)
from inference.families.paligemma.module_names import current_name
from inference.hub import model_files
from inference.hub.model_files import ModelFolder
from schemas.errors import JobError
from schemas.generation import Request
from schemas.resources import Resources

FILES = (
    "config.json",
    "generation_config.json",
    "model.safetensors",
    "processor_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
)
OPTIONAL = "generation_config.json"


def opened(path: str) -> BinaryIO:
    return Path(path).open("rb")


def answer(folder: Path) -> int:
    """Load the engine and answer a prompt; return the number of tokens."""
    model = Model(checkpoint=str(folder), precision="float32")
    resources = Resources(opened)
    engine = load_engine(model, resolve_checkpoint(model), resources)
    image = np.zeros((engine.image_spec.side, engine.image_spec.side, 3), np.uint8)
    ((generation,),) = engine.generate([Request((image,), (("caption en", 4),))])
    return len(generation.tokens)


@pytest.fixture
def folder(checkpoint: Callable[..., Path], generation: int, tmp_path: Path) -> Path:
    """A copy of the checkpoint that a test may damage."""
    return Path(shutil.copytree(checkpoint(generation), tmp_path / "model"))


def refuse(folder: Path, **model: Any) -> str:
    """Resolve the checkpoint; return the one line of the error."""
    with pytest.raises(JobError) as error:
        resolve_checkpoint(Model(checkpoint=str(folder), **model))
    line = str(error.value)
    assert "\n" not in line
    return line


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("name", FILES)
def test_a_damaged_file_is_named_at_the_plan(
    folder: Path, name: str, damage: Callable[[Path], None]
) -> None:
    assert {path.name for path in folder.iterdir()} == set(FILES)
    damage(folder / name)
    if (name, damage) == (OPTIONAL, Path.unlink):
        assert answer(folder) > 0
        return
    message = refuse(folder)
    assert name in message or "*.safetensors" in message
    assert re.search(r"copy it again|git lfs pull|save_pretrained|goes into", message)
    assert ("git lfs pull" in message) == (damage is replaced_by_a_pointer)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("other", FILES)
def test_a_file_in_the_place_of_another_is_refused_or_works(
    folder: Path, name: str, other: str
) -> None:
    shutil.copy(folder / other, folder / "copy")
    (folder / "copy").rename(folder / name)
    if name in (other, OPTIONAL) and other != "model.safetensors":
        assert answer(folder) > 0
    elif name != other:
        assert name in refuse(folder) or name == "config.json"


def test_tokenizer_model_alone_is_refused(folder: Path) -> None:
    (folder / "tokenizer.json").rename(folder / "tokenizer.model")
    assert "lacks tokenizer.json" in refuse(folder)


def split(folder: Path) -> list[str]:
    """Save the weights as two files with an index; return the files' names."""
    model = AutoModelForImageTextToText.from_pretrained(folder)
    (folder / "model.safetensors").unlink()
    model.save_pretrained(folder, max_shard_size="1MB")
    return sorted(path.name for path in folder.glob("*.safetensors"))


def test_every_file_of_an_index_is_needed(folder: Path) -> None:
    first, *_, last = split(folder)
    assert first != last
    assert answer(folder) > 0
    for name in (first, last):
        content = (folder / name).read_bytes()
        (folder / name).unlink()
        assert f"lacks {name}" in refuse(folder)
        (folder / name).write_bytes(content[:-1])
        assert f"{name}' is cut" in refuse(folder)
        (folder / name).write_bytes(content)
    (folder / last).write_bytes((folder / first).read_bytes())
    assert re.search(r"-of-0000\d.safetensors' lacks the tensor", refuse(folder))


def test_a_wrong_index_is_refused(folder: Path) -> None:
    split(folder)
    index = folder / "model.safetensors.index.json"
    for content in ("{}", '{"weight_map": {}}', '{"weight_map": []}', "{", POINTER):
        index.write_text(content)
        assert index.name in refuse(folder)
    index.write_text(json.dumps({"weight_map": {"a": "../model.safetensors"}}))
    assert "is no file in its folder" in refuse(folder)
    index.unlink()
    assert f"lacks model.safetensors or {index.name}" in refuse(folder)


@pytest.mark.parametrize("by", [-1, 1])
def test_the_embeddings_have_the_size_of_the_configuration(folder: Path, by: int) -> None:
    weights = load_file(folder / "model.safetensors")
    name = next(name for name in weights if "embed_tokens" in name)
    rows = len(weights[name])
    weights[name] = torch.zeros(rows + by, weights[name].shape[1])
    save_file(weights, folder / "model.safetensors", {"format": "pt"})
    message = refuse(folder)
    assert "model.safetensors" in message
    assert f"of {rows + by} x 64, but config.json says {rows} x 64" in message


def test_every_weight_has_to_be_there_with_its_shape(folder: Path) -> None:
    weights = load_file(folder / "model.safetensors")
    for name in sorted(weights)[::6]:
        others = {key: weight for key, weight in weights.items() if key != name}
        save_file(others, folder / "model.safetensors", {"format": "pt"})
        assert f"has no weight {current_name(name)}" in refuse(folder)
        others[name] = torch.zeros(3, 3)
        save_file(others, folder / "model.safetensors", {"format": "pt"})
        assert f"has a weight {current_name(name)} of 3 x 3" in refuse(folder)


def test_weights_of_whole_numbers_are_refused(folder: Path) -> None:
    weights = {n: w.to(torch.int8) for n, w in load_file(folder / "model.safetensors").items()}
    save_file(weights, folder / "model.safetensors", {"format": "pt"})
    assert "of type I8" in refuse(folder)


@pytest.mark.parametrize(
    "header",
    [
        {"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 4]}},
        {"a": {"dtype": "F32", "shape": [1], "data_offsets": [4, 8]}},
        {"a": {"dtype": "F32", "shape": [-1], "data_offsets": [0, 8]}},
        {"a": {"dtype": "F32", "shape": "12", "data_offsets": [0, 8]}},
        {"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8, 9]}},
        {"a": {"dtype": "F32", "shape": [2]}},
        {"a": 1},
    ],
)
def test_a_wrong_header_is_refused(folder: Path, header: Any) -> None:
    text = json.dumps(header).encode()
    (folder / "model.safetensors").write_bytes(len(text).to_bytes(8, "little") + text + bytes(8))
    assert "model.safetensors" in refuse(folder)


def test_the_length_of_a_header_is_bounded(folder: Path) -> None:
    (folder / "model.safetensors").write_bytes((1 << 62).to_bytes(8, "little") + bytes(64))
    assert "is cut or is not safetensors" in refuse(folder)


def test_a_tokenizer_fits_the_embeddings(folder: Path) -> None:
    tokenizer = json.loads((folder / "tokenizer.json").read_text())
    rows = json.loads((folder / "config.json").read_text())["text_config"]["vocab_size"]
    beyond = {**tokenizer["added_tokens"][-1], "id": rows, "content": "<beyond>"}
    more = {**tokenizer, "added_tokens": [*tokenizer["added_tokens"], beyond]}
    (folder / "tokenizer.json").write_text(json.dumps(more))
    assert f"has {rows + 1} tokens, but config.json says a vocab_size of {rows}" in refuse(folder)
    for token in tokenizer["added_tokens"]:
        if token["content"] == "<image>":
            token["content"] = "<picture>"
    tokenizer["model"]["vocab"]["<picture>"] = tokenizer["model"]["vocab"].pop("<image>")
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer))
    assert f"has {rows + 1} tokens" in refuse(folder)  # transformers would append <image>


def test_the_image_token_is_the_one_of_the_tokenizer(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"image_token_index": 3}))
    assert "config.json' says an image_token_index of 3, not 4" in refuse(folder)


def test_defaults_are_those_of_transformers() -> None:
    for kind, defaults in TEXT_SIZES.items():
        config = PaliGemmaConfig.from_dict(
            {"text_config": {"model_type": kind}, "vision_config": {}}
        )
        for values, known in (
            (config.text_config, defaults),
            (config.vision_config, VISION_SIZES),
            (config, TOP_SIZES),
        ):
            assert {key: getattr(values, key) for key in known} == known


def test_expected_shapes_are_those_of_the_weights(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    weights = load_file(folder / "model.safetensors")
    assert dict(expected_shapes(config, ModelFolder(folder, "model.checkpoint"))) == {
        current_name(name): tuple(weight.shape) for name, weight in weights.items()
    }


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("fuzzed"), image_size=56, patch_size=14, text_layers=1)


@settings(max_examples=12, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_a_changed_setting_is_refused_or_works(fuzzed: Path, data: st.DataObject) -> None:
    name = data.draw(
        st.sampled_from([n for n in FILES if n not in ("model.safetensors", OPTIONAL)])
    )
    before = (fuzzed / name).read_text()
    values = json.loads(before)
    parents = [values, *(value for value in values.values() if isinstance(value, dict) and value)]
    parent = data.draw(st.sampled_from(parents))
    key = data.draw(st.sampled_from(sorted(parent)))
    parent[key] = data.draw(st.sampled_from([None, "x", [], {}, [1]]))
    try:
        (fuzzed / name).write_text(json.dumps(values))
        answer(fuzzed)
    except JobError:
        pass  # and no other error
    finally:
        (fuzzed / name).write_text(before)


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("name", ["adapter_config.json", "adapter_model.safetensors"])
def test_a_damaged_adapter_is_named_at_the_plan(
    checkpoint: Callable[..., Path], tmp_path: Path, name: str, damage: Callable[[Path], None]
) -> None:
    adapter = random_adapter.build(checkpoint(2), tmp_path / "lora", target_modules=["q_proj"])
    damage(adapter / name)
    message = refuse(checkpoint(2), adapter=str(adapter))
    assert message.startswith("model.adapter: ")
    assert name in message or "*.safetensors" in message


@pytest.mark.faults  # starts five processes
def test_a_hub_cache_with_one_of_two_weight_files(
    checkpoint: Callable[..., Path], tmp_path: Path
) -> None:
    served = Path(shutil.copytree(checkpoint(2), tmp_path / "served"))
    *_, last = split(served)
    cache = tmp_path / "cache"
    with serve(Hub({"me/small": served})) as hub:
        *_, folder = fetch_in_process(hub.url, cache, "me/small")
        weights = Path(folder) / last
        blob = weights.resolve()
        content = blob.read_bytes()
        blob.write_bytes(content[:-1])
        (line,) = fetch_in_process(hub.url, cache, "me/small", recorded=COMMIT)
        assert f"delete {str(blob)!r} and download it again: shardmill fetch" in line
        blob.unlink()
        (line,) = fetch_in_process(hub.url, cache, "me/small", recorded=COMMIT, HF_HUB_OFFLINE="1")
        assert f"lacks {last}: download it again: shardmill fetch" in line
        fetch_in_process(hub.url, cache, "me/small", recorded=COMMIT)  # mends the cache
        assert weights.read_bytes() == content
        (served / last).unlink()  # an upload that was never finished
        (_, line) = fetch_in_process(hub.url, tmp_path / "other", "me/small")
        assert f"lacks {last}" in line


def test_a_large_tokenizer_is_not_parsed_whole(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = resolve_checkpoint(Model(checkpoint=str(folder)))
    monkeypatch.setattr(model_files, "_MAX_PARSED_TOKENIZER", 1)
    assert resolve_checkpoint(Model(checkpoint=str(folder))) == whole
    content = (folder / "tokenizer.json").read_bytes()
    for wrong in (content[:-200], content[1:], content[:99], content.replace(b'"id"', b'"di"')):
        (folder / "tokenizer.json").write_bytes(wrong)
        assert "tokenizer.json' is no whole tokenizer" in refuse(folder)
    (folder / "tokenizer.json").write_bytes(content.replace(b'"id": 4,', b'"id": 99999,'))
    assert "has 100000 tokens" in refuse(folder)
