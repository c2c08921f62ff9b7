"""Tests how adapters are resolved, pinned and refused before their weights are loaded."""

import json
import os
import pickle
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support import random_adapter
from support.local_hub import COMMIT, Hub, environment_of, serve

from inference import Model, fetch_adapter, resolve_checkpoint
from inference.hub.optional_packages import extra_packages
from schemas.errors import JobError
from schemas.models import ResolvedModel

CONFIG = "adapter_config.json"


@pytest.fixture(scope="module")
def built_adapter(
    checkpoint: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    folder = tmp_path_factory.mktemp("adapter")
    return random_adapter.build(checkpoint(2), folder, target_modules=["q_proj"])


@pytest.fixture
def folder(built_adapter: Path, tmp_path: Path) -> Path:
    """A copy of the adapter that a test may change."""
    return Path(shutil.copytree(built_adapter, tmp_path / "adapter"))


@pytest.fixture
def resolve(checkpoint: Callable[..., Path]) -> Callable[..., ResolvedModel]:
    def resolve(adapter: Path | str, **settings: Any) -> ResolvedModel:
        model = Model(checkpoint=str(checkpoint(2)), adapter=str(adapter), **settings)
        resolved = resolve_checkpoint(model).adapter
        assert resolved is not None
        return resolved

    return resolve


def change(folder: Path, **keys: Any) -> None:
    path = folder / CONFIG
    path.write_text(json.dumps({**json.loads(path.read_text()), **keys}))


def test_a_model_without_an_adapter_resolves_to_none(checkpoint: Callable[..., Path]) -> None:
    assert resolve_checkpoint(Model(checkpoint=str(checkpoint(2)))).adapter is None


def test_a_folder_is_pinned_by_the_files_that_are_loaded(
    folder: Path, resolve: Callable[..., ResolvedModel]
) -> None:
    before = resolve(folder)
    assert (before.local, before.source) == (True, str(folder))
    assert before.version.startswith("sha256:")
    for other in ("README.md", "tokenizer.json", "trainer_state.json", "optimizer.safetensors"):
        (folder / other).write_text("{}")
    assert resolve(folder) == before
    assert fetch_adapter(before) == folder
    change(folder, lora_alpha=17)
    assert resolve(folder).version != before.version
    with pytest.raises(JobError, match=r"^model\.adapter: .* is not what it was when the job was"):
        fetch_adapter(before)


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"peft_type": "LOHA"}, "is a 'LOHA' adapter: only 'LORA' is taken"),
        ({"peft_type": "PREFIX_TUNING"}, "is a 'PREFIX_TUNING' adapter"),
        ({"layer_replication": [[0, 2], [1, 4]]}, "uses layer_replication, which is not taken"),
        ({"bias": "all"}, "uses bias, which is not taken"),
        ({"trainable_token_indices": [7]}, "uses trainable_token_indices, which"),
        ({"of_a_later_peft": True}, "uses of_a_later_peft, which is not taken"),
        ({"init_lora_weights": "pissa_niter_4"}, "begins from a base changed by 'pissa_niter_4'"),
        ({"r": 0}, f"has a {CONFIG} with a wrong r"),
        ({"lora_alpha": "much"}, f"has a {CONFIG} with a wrong lora_alpha"),
    ],
)
def test_adapters_other_than_plain_lora_are_refused(
    folder: Path, resolve: Callable[..., ResolvedModel], keys: dict[str, Any], message: str
) -> None:
    change(folder, **keys)
    with pytest.raises(JobError) as caught:
        resolve(folder)
    assert str(caught.value).startswith(f"model.adapter: '{folder}' {message}")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "keys",
    [
        {"of_a_later_peft": None, "another": {}, "third": False},
        {"init_lora_weights": "gaussian"},
        {"auto_mapping": {"base_model_class": "Evil", "parent_library": "no.such.module"}},
        {"lora_dropout": 0.1, "revision": "float16", "task_type": "CAUSAL_LM"},
    ],
)
def test_settings_that_change_no_answer_are_accepted(
    folder: Path, resolve: Callable[..., ResolvedModel], keys: dict[str, Any]
) -> None:
    change(folder, **keys)
    resolve(folder)


@pytest.mark.parametrize("content", [None, "{", "[]", "{}", "\N{LATIN SMALL LETTER E WITH ACUTE}"])
def test_folders_without_an_adapter_config_are_refused(
    folder: Path, resolve: Callable[..., ResolvedModel], content: str | None
) -> None:
    (folder / CONFIG).unlink()
    if content is not None:
        (folder / CONFIG).write_text(content, encoding="latin-1")
    with pytest.raises(JobError, match=rf"^model\.adapter: .* has no {CONFIG} of an adapter"):
        resolve(folder)


class MaliciousPickle:
    def __reduce__(self) -> Any:
        return (os.mkdir, ("poisoned",))


def test_pickled_weights_are_refused_and_never_opened(
    folder: Path, tmp_path: Path, resolve: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (folder / "adapter_model.bin").write_bytes(pickle.dumps(MaliciousPickle()))
    (folder / "adapter_model.safetensors").rename(folder / "model.safetensors")
    with pytest.raises(JobError, match=r"holds no adapter_model\.safetensors weights, and no oth"):
        resolve(folder)
    assert not Path("poisoned").exists()


def test_a_checkpoint_is_no_adapter_and_an_adapter_is_no_checkpoint(
    checkpoint: Callable[..., Path], folder: Path, resolve: Callable[..., ResolvedModel]
) -> None:
    with pytest.raises(JobError, match=r"holds no adapter_model\.safetensors"):
        resolve(checkpoint(2))
    with pytest.raises(JobError, match=r"an adapter goes into model\.adapter"):
        resolve_checkpoint(Model(checkpoint=str(folder)))


def test_a_missing_folder_is_an_error(resolve: Callable[..., ResolvedModel]) -> None:
    with pytest.raises(JobError, match=r"^model\.adapter: there is no directory '\./nowhere'"):
        resolve("./nowhere")


@pytest.mark.parametrize("precision", ["int8", "nf4"])
def test_dora_with_quantized_weights_is_refused(
    folder: Path, resolve: Callable[..., ResolvedModel], precision: str
) -> None:
    change(folder, use_dora=True)
    resolve(folder)
    with pytest.raises(JobError, match=r"use_dora.*choose model\.precision bfloat16"):
        resolve(folder, precision=precision)


@pytest.fixture(scope="module")
def hub(
    checkpoint: Callable[..., Path], built_adapter: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Hub]:
    root = tmp_path_factory.mktemp("hub")
    folders = {
        f"me/{name}": Path(shutil.copytree(built_adapter, root / name))
        for name in ("lora", "other")
    }
    for name, base in (("me/lora", "Google/Small"), ("me/other", "google/large")):
        change(folders[name], base_model_name_or_path=base)
    for other in ("adapter_model.bin", "optimizer.pt", "tokenizer.json", "modeling.py"):
        (folders["me/lora"] / other).write_bytes(b"")
    folders["google/small"] = checkpoint(2)
    with serve(Hub(folders)) as hub:
        yield hub


SCRIPT = """
import sys
from inference import Model, fetch_adapter, resolve_checkpoint
from schemas.errors import JobError
checkpoint, adapter, revision, recorded = sys.argv[1:]
model = Model(checkpoint=checkpoint, adapter=adapter, adapter_revision=revision)
try:
    resolved = resolve_checkpoint(model, None, recorded or None).adapter
    print(resolved.model_dump_json())
    print(fetch_adapter(resolved))
except JobError as error:
    print(error)
assert not {"torch", "peft"} & sys.modules.keys()
"""


def fetch_in_process(
    url: str, cache: Path, adapter: str, revision: str = "main", recorded: str = ""
) -> Any:
    """Resolve and fetch in another process whose hub is at `url`; return the printed lines."""
    process = subprocess.run(
        [sys.executable, "-c", SCRIPT, "google/small", adapter, revision, recorded],
        env=environment_of(url, cache),
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode == 0, process.stderr
    return process.stdout.splitlines()


def test_a_hub_id_becomes_a_commit_and_only_needed_files_are_fetched(
    hub: Hub, tmp_path: Path
) -> None:
    described, folder = fetch_in_process(hub.url, tmp_path, "me/lora")
    resolved = ResolvedModel.model_validate_json(described)
    assert (resolved.source, resolved.version, resolved.local) == ("me/lora", COMMIT, False)
    names = {path.name for path in Path(folder).iterdir()}
    assert names == {CONFIG, "adapter_model.safetensors"}
    assert fetch_in_process("http://127.0.0.1:9", tmp_path, "me/lora", "main", COMMIT) == [
        described,
        folder,
    ]


@pytest.mark.parametrize(
    ("adapter", "revision", "message"),
    [
        ("me/lora", "v2", "model.adapter_revision: 'me/lora' on the hub has no revision 'v2'"),
        (
            "google/small",
            "main",
            f"model.adapter: 'google/small' on the hub has no {CONFIG}: name an adapter that peft",
        ),
        (
            "me/other",
            "main",
            "model.adapter: 'me/other' was trained on 'google/large', not on 'google/small': put",
        ),
    ],
)
def test_errors_of_adapters_on_the_hub(
    hub: Hub, tmp_path: Path, adapter: str, revision: str, message: str
) -> None:
    (line,) = fetch_in_process(hub.url, tmp_path, adapter, revision)
    assert line.startswith(message)


@pytest.mark.parametrize(
    ("settings", "device", "extra", "line"),
    [
        ({"adapter": "a/b"}, "cpu", "adapters", "model.adapter: peft is not installed"),
        (
            {"precision": "int8"},
            "cuda",
            "quantised",
            "model.precision: bitsandbytes is not installed",
        ),
        (
            {"precision": "nf4"},
            "cpu",
            "quantised",
            "model.precision: bitsandbytes is not installed",
        ),
    ],
)
def test_missing_optional_packages_are_an_error(
    monkeypatch: pytest.MonkeyPatch, settings: dict[str, Any], device: str, extra: str, line: str
) -> None:
    project = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text())["project"]
    _, requirement = project["optional-dependencies"][extra]  # after shardmill[models]
    model = Model(checkpoint="c/d", **settings)
    assert set(extra_packages(model, device)) == {requirement.partition(">=")[0]}
    assert extra_packages(Model(checkpoint="c/d"), device) == {}
    assert extra_packages(Model(checkpoint="c/d", precision="int8"), "cpu") == {}
    monkeypatch.setattr("sys.path", [])
    with pytest.raises(JobError) as caught:
        extra_packages(model, device)
    assert str(caught.value) == f"{line}: pip install '{requirement}'"
