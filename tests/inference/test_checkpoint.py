"""Tests how checkpoints are resolved and refused, in local directories and on a hub over HTTP."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.local_hub import COMMIT, Hub, fetch_in_process, serve

from inference import Model, ResolvedCheckpoint, resolve_checkpoint
from inference.checkpoint import fetch_checkpoint
from inference.families import find_family
from schemas.errors import JobError


def resolve(folder: Path) -> ResolvedCheckpoint:
    return resolve_checkpoint(Model(checkpoint=str(folder)))


@pytest.fixture
def folder(checkpoint: Callable[..., Path], tmp_path: Path) -> Path:
    """A copy of the checkpoint that a test may change."""
    return Path(shutil.copytree(checkpoint(2), tmp_path / "checkpoint"))


def test_a_local_directory_is_resolved_without_reading_its_weights(
    checkpoint: Callable[..., Path], generation: int
) -> None:
    resolved = resolve(checkpoint(generation))
    assert (resolved.generation, resolved.resolution, resolved.local) == (generation, 56, True)
    assert resolved.source == str(checkpoint(generation))
    assert ResolvedCheckpoint.model_validate_json(resolved.model_dump_json()) == resolved
    assert fetch_checkpoint(resolved) == checkpoint(generation)


def test_the_digest_depends_only_on_files_that_are_loaded(folder: Path, tmp_path: Path) -> None:
    before = resolve(folder).version
    assert before.startswith("sha256:")
    (folder / "README.md").write_text("about")
    copy = Path(shutil.copytree(folder, tmp_path / "copy"))
    assert resolve(folder).version == resolve(copy).version == before

    config = folder / "generation_config.json"
    config.write_text(config.read_text() + "\n")
    changed = resolve(folder).version
    assert changed != before
    config.rename(folder / "other.json")
    assert resolve(folder).version not in {before, changed}


def test_a_directory_changed_after_the_plan_is_not_loaded(folder: Path) -> None:
    resolved = resolve(folder)
    (folder / "generation_config.json").unlink()
    with pytest.raises(JobError, match="is not what it was when the job was planned"):
        fetch_checkpoint(resolved)


def test_the_digest_of_a_large_file_depends_on_all_its_parts(folder: Path) -> None:
    large = folder / "model-2.safetensors"
    large.write_bytes(bytes(20 << 20))
    versions = {resolve(folder).version}
    for offset in (0, 4 << 20, 9 << 20, (20 << 20) - 1):  # changes of 4 MiB, except the last one
        with large.open("r+b") as file:
            file.seek(offset)
            file.write(b"x" * (4 << 20 if offset < 16 << 20 else 1))
        large.open("r+b").truncate(20 << 20)
        versions.add(resolve(folder).version)
    assert len(versions) == 5


def test_a_missing_directory_is_an_error() -> None:
    with pytest.raises(JobError, match=r"no directory '\./nowhere/checkpoint'"):
        resolve_checkpoint(Model(checkpoint="./nowhere/checkpoint"))


def test_pickled_weights_are_refused(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(JobError, match=r"no \*\.safetensors"):
        resolve(folder)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (None, "no config.json of a PaliGemma"),
        ("{", "config.json' is not a whole JSON object"),
        ("[]", "config.json' is not a whole JSON object"),
        ("{}", "no config.json of a PaliGemma"),
        ("[" * 100_000, "config.json' is not a whole JSON object"),
        ('{"model_type": "paligemma", "x": ' + "[" * 200 + "]" * 200 + "}", "not a whole JSON"),
        (
            '{"model_type": "paligemma", "text_config": {"model_type": []}, "vision_config": {}}',
            "checkpoint over \\[\\], not PaliGemma",
        ),
        ('{"model_type": "llama"}', "is a 'llama' checkpoint, not PaliGemma or PaliGemma 2"),
        (
            '{"model_type": "llava", "text_config": {"model_type": "llama"}, "vision_config": {}}',
            "'llava' checkpoint over 'llama'",
        ),
    ],
)
def test_other_checkpoints_are_refused(folder: Path, config: str | None, message: str) -> None:
    (folder / "config.json").unlink()
    if config is not None:
        (folder / "config.json").write_text(config)
    with pytest.raises(JobError, match=message):
        resolve(folder)


def test_published_configurations_may_omit_defaults() -> None:
    config = {"model_type": "paligemma", "text_config": {}, "vision_config": {}}
    family = find_family(config)
    assert family is not None
    assert family.describe(config) == (224, 1)


@pytest.fixture(scope="module")
def hub(checkpoint: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    mixed = Path(shutil.copytree(checkpoint(2), tmp_path_factory.mktemp("hub") / "mixed"))
    (mixed / "pytorch_model.bin").write_bytes(b"pickle")
    (mixed / "modeling.py").write_text("raise SystemExit")
    empty = tmp_path_factory.mktemp("empty")
    folders = {"google/mixed": mixed, "google/gated": mixed, "google/empty": empty}
    folders["google/broken"] = mixed
    gated, broken = frozenset({"google/gated"}), frozenset({"google/broken"})
    with serve(Hub(folders, gated, broken)) as hub:
        yield hub


def test_a_hub_id_becomes_a_commit_and_only_needed_files_are_fetched(
    hub: Hub, tmp_path: Path
) -> None:
    described, folder = fetch_in_process(hub.url, tmp_path, "google/mixed")
    resolved = ResolvedCheckpoint.model_validate_json(described)
    assert (resolved.version, resolved.local, resolved.resolution) == (COMMIT, False, 56)
    names = {path.name for path in Path(folder).iterdir()}
    assert {"config.json", "model.safetensors", "tokenizer.json"} <= names
    assert not {"pytorch_model.bin", "modeling.py"} & names

    # A rerun uses the recorded commit from the cache and needs no hub to resolve `main`.
    again = fetch_in_process(
        "http://127.0.0.1:9", tmp_path, "google/mixed", "main", COMMIT, HF_HUB_OFFLINE="1"
    )
    assert again == [described, folder]


@pytest.mark.parametrize(
    ("name", "revision", "message"),
    [
        (
            "google/gated",
            "main",
            "model.checkpoint: 'google/gated' is gated: accept the license on its page "
            "https://huggingface.co/google/gated, then set HF_TOKEN",
        ),
        ("google/unknown", "main", "neither a directory here nor a repository you may see"),
        ("google/mixed", "bfloat17", "model.revision: 'google/mixed' on the hub has no revision"),
        ("google/empty", "main", "model.checkpoint: 'google/empty' on the hub has no config.json"),
    ],
)
def test_an_error_of_the_hub_is_one_line(
    hub: Hub, tmp_path: Path, name: str, revision: str, message: str
) -> None:
    (line,) = fetch_in_process(hub.url, tmp_path, name, revision)
    assert message in line


@pytest.mark.parametrize("offline", ["0", "1"])
def test_an_unreachable_hub_is_an_error(tmp_path: Path, offline: str) -> None:
    (line,) = fetch_in_process(
        "http://127.0.0.1:9", tmp_path, "google/mixed", HF_HUB_OFFLINE=offline
    )
    assert "there is no directory 'google/mixed', the hub cannot be reached" in line


def test_a_hub_that_answers_503_is_unreachable(hub: Hub, tmp_path: Path) -> None:
    (line,) = fetch_in_process(hub.url, tmp_path, "google/broken")
    assert "the hub cannot be reached" in line


def test_a_rejected_token_is_an_error(hub: Hub, tmp_path: Path) -> None:
    (line,) = fetch_in_process(hub.url, tmp_path, "google/mixed", HF_TOKEN="hf_wrong")
    assert line == (
        "model.checkpoint: the hub answered 401 for 'google/mixed': check HF_TOKEN, or try later"
    )


def test_an_unreachable_proxy_is_an_error(hub: Hub, tmp_path: Path) -> None:
    (line,) = fetch_in_process(
        hub.url.replace("127.0.0.1", "hub.invalid"),
        tmp_path,
        "google/mixed",
        HTTP_PROXY="http://127.0.0.1:9",
    )
    assert "the hub cannot be reached" in line
