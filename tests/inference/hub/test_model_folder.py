"""A model's folder is checked before a library reads it: only files, and none outside of it."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from inference.hub.hub import MODEL, resolve_model
from inference.hub.model_folder import check_model_folder
from schemas.errors import JobError
from schemas.models import ModelReference


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder as the hub's cache makes it: links to files that lie elsewhere."""
    blobs, model = tmp_path / "blobs", tmp_path / "snapshots/1"
    blobs.mkdir()
    model.mkdir(parents=True)
    weight_map = {"a": "model-1.safetensors", "b": "model-2.safetensors"}
    for name, content in {
        "config.json": {"model_type": "bert", "id2label": {"0": "a"}},
        "model.safetensors.index.json": {"weight_map": weight_map},
        "tokenizer_config.json": {"fast_tokenizer_files": ["tokenizer.4.0.0.json"]},
        "model-1.safetensors": 1,
        "model-2.safetensors": 2,
    }.items():
        (blobs / name).write_text(json.dumps(content))
        (model / name).symlink_to(f"../../blobs/{name}")
    return model


def write(folder: Path, name: str, content: object) -> None:
    (folder / name).unlink(missing_ok=True)
    (folder / name).write_text(json.dumps(content))


def replace(folder: Path, name: str, make: Callable[[Path], object]) -> None:
    (folder / name).unlink(missing_ok=True)
    (folder / name).parent.mkdir(exist_ok=True)
    make(folder / name)


def refusal(folder: Path) -> str:
    with pytest.raises(JobError, match=r"^model: ") as caught:
        resolve_model(ModelReference(str(folder)))
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_links_of_the_hubs_cache_are_followed(folder: Path) -> None:
    (folder / "broken.json").symlink_to("nowhere")
    (folder / "onnx").mkdir()
    check_model_folder(folder, "model", MODEL.loaded)


@pytest.mark.parametrize(
    "name",
    [
        "model-1.safetensors",
        "config.json",
        "tokenizer.json",
        "chat_template.jinja",
        "additional_chat_templates/a.jinja",
    ],
)
def test_pipes_and_devices_are_refused(folder: Path, name: str) -> None:
    for make in (os.mkfifo, lambda path: path.symlink_to("/dev/zero")):
        replace(folder, name, make)
        assert f"{name}' is a pipe, a socket or a device" in refusal(folder)
    if "/" not in name:
        replace(folder, name, lambda path: path.mkdir())
        assert name == "chat_template.jinja" or "is a folder, not a file" in refusal(folder)


@pytest.mark.parametrize("name", ["../../../x", "/etc/passwd", "a/b", "..", "", "a\0b", "\n../x"])
def test_names_that_lead_out_of_the_folder_are_refused(folder: Path, name: str) -> None:
    index, config = "model.safetensors.index.json", "tokenizer_config.json"
    write(folder, index, {"weight_map": {"a": name}})
    assert "which is no file in its folder" in refusal(folder)
    write(folder, index, {"weight_map": {}})
    write(folder, config, {"fast_tokenizer_files": ["tokenizer.json", name]})
    assert "which is no file in its folder" in refusal(folder)
    write(folder, config, {})
    write(folder, "config.json", {"transformers_weights": name or "/"})
    assert "which is no file in its folder" in refusal(folder)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            {"weight_map": {"a": "model-3.safetensors"}},
            "lacks model-3.safetensors: copy it again",
        ),
        ({"weight_map": {"a": "x" * 5000}}, "lacks xxx"),
        ({"weight_map": {"a": 3}}, "names a file outside its folder"),
        ({"weight_map": ["model-1.safetensors"]}, "has no weight_map"),
        ({}, "has no weight_map"),
        ([], "is not a whole JSON object"),
    ],
)
def test_an_index_that_misses_files_is_refused(folder: Path, content: object, message: str) -> None:
    write(folder, "model.safetensors.index.json", content)
    assert message in refusal(folder)


def test_json_that_is_nested_deeply_is_refused(folder: Path) -> None:
    replace(folder, "model.safetensors.index.json", lambda path: path.write_text("[" * 100_000))
    assert "is not a whole JSON object" in refusal(folder)
