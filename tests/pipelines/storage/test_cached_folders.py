"""Models in buckets: copied once per machine and version, with nothing that is not needed."""

import fcntl
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from support.small_s3 import BUCKET, OTHER, SmallS3

from inference.hub.hub import MODEL
from pipelines.storage.cached_folders import CachedFolders, Copied, cache_folder
from pipelines.storage.resolve import AnyStorage
from schemas.errors import JobError

URL = f"s3://{BUCKET}/models/small"
FILES = {
    "config.json": b"{}",
    "model.safetensors": b"weights",
    "tokenizer.model": b"tokens",
    "pytorch_model.bin": b"a pickle",
    "modeling.py": b"import os",
    "onnx/model.json": b"{}",
}
HUB = {"config.json", "model.safetensors", "tokenizer.model"}  # of these, what a model needs
WEIGHTS = "*.safetensors"


@pytest.fixture
def server(small_s3: SmallS3, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> SmallS3:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    small_s3.objects[BUCKET] = {f"models/small/{name}": each for name, each in FILES.items()}
    return small_s3


@pytest.fixture
def folders(server: SmallS3) -> CachedFolders:
    return CachedFolders(AnyStorage())


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir() if not path.name.startswith(".")}


def gets(server: SmallS3) -> int:
    return server.classes()["GET"]


def test_only_what_a_model_needs_is_copied_and_the_weights_last(
    server: SmallS3, folders: CachedFolders, tmp_path: Path
) -> None:
    planned = folders(f"{URL}/", MODEL.loaded, without=WEIGHTS)
    assert names(planned.path) == HUB - {"model.safetensors"}
    assert planned.names == HUB
    assert planned.path.is_relative_to(tmp_path / "shardmill" / "models")
    fetched = folders(URL, MODEL.loaded, planned.version)
    assert fetched.path == planned.path
    assert names(fetched.path) == HUB
    assert (fetched.path / "model.safetensors").read_bytes() == b"weights"
    assert gets(server) == len(HUB)


def test_a_complete_copy_needs_no_request(server: SmallS3, folders: CachedFolders) -> None:
    version = folders(URL, MODEL.loaded).version
    server.requests.clear()
    folders(URL, MODEL.loaded, version)
    folders(URL, MODEL.loaded, version, without=WEIGHTS)
    assert not server.requests


def test_an_interrupted_copy_goes_on_with_the_next_file(
    server: SmallS3, folders: CachedFolders
) -> None:
    whole = folders(URL, MODEL.loaded)
    (whole.path / "tokenizer.model").unlink()
    (whole.path / ".0123.part").write_bytes(b"tok")
    (whole.path / "model.safetensors").write_bytes(b"wei")  # another size than listed
    server.requests.clear()
    assert folders(URL, MODEL.loaded) == whole
    assert (whole.path / "model.safetensors").read_bytes() == b"weights"
    assert gets(server) == 2
    assert not list(whole.path.glob(".*.part"))


def test_other_weights_are_another_version(server: SmallS3, folders: CachedFolders) -> None:
    before = folders(URL, MODEL.loaded)
    server.objects[BUCKET]["models/small/model.safetensors"] = b"WEIGHTS"
    after = folders(URL, MODEL.loaded)
    assert after.version != before.version
    assert (before.path / "model.safetensors").read_bytes() == b"weights"
    assert (after.path / "model.safetensors").read_bytes() == b"WEIGHTS"
    server.objects[BUCKET]["models/small/pytorch_model.bin"] = b"another pickle"
    assert folders(URL, MODEL.loaded).version == after.version  # which no model is loaded from


def test_a_version_that_is_gone_is_refused(server: SmallS3, folders: CachedFolders) -> None:
    planned = folders(URL, MODEL.loaded, without=WEIGHTS)
    server.objects[BUCKET]["models/small/model.safetensors"] = b"WEIGHTS"
    with pytest.raises(JobError, match="is not what it was when the job was planned: put"):
        folders(URL, MODEL.loaded, planned.version)


def test_a_folder_in_another_place_has_the_same_version(
    server: SmallS3, folders: CachedFolders
) -> None:
    server.objects[OTHER] = {f"copy/{name}": content for name, content in FILES.items()}
    copied = folders(f"s3://{OTHER}/copy", MODEL.loaded)
    assert copied.version == folders(URL, MODEL.loaded).version


def test_several_workers_copy_once(server: SmallS3) -> None:
    def copy(_: int) -> set[str]:
        return names(CachedFolders(AnyStorage())(URL, MODEL.loaded).path)

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(copy, range(8))) == [HUB] * 8
    assert gets(server) == len(HUB)


def test_progress_and_waiting_are_told(server: SmallS3) -> None:
    place = CachedFolders(AnyStorage())(URL, MODEL.loaded).path
    (place / "model.safetensors").unlink()
    told: list[object] = []
    lock = os.open(f"{place}.lock", os.O_RDWR)
    fcntl.flock(lock, fcntl.LOCK_EX)

    def on_wait(folder: str) -> None:
        told.append(folder)
        os.close(lock)  # the other process ends

    CachedFolders(AnyStorage(), told.append, on_wait)(URL, MODEL.loaded)
    assert told == [str(place), Copied(f"{URL}/model.safetensors", 7, 7)]


WRONG = [
    (f"s3://{BUCKET}/models", "there is no file of a model directly in this folder"),
    (f"{URL}/config.json", "is a file: name the folder of the model"),
    ("s3://nowhere/models", "there is no such bucket"),
    ("https://example.org/model", "a web server cannot be listed: name a folder in a bucket"),
    ("hf://google/paligemma", "hf:// cannot be read: give a model by its hub id"),
]


@pytest.mark.parametrize(("url", "message"), WRONG)
def test_what_is_no_folder_of_a_model_is_refused(
    url: str, message: str, folders: CachedFolders
) -> None:
    with pytest.raises(JobError, match=message):
        folders(url, MODEL.loaded)


@pytest.mark.parametrize("name", [".hidden.json", "a\\b.json", "line\nbreak.json"])
def test_names_that_the_cache_cannot_have_are_refused(
    name: str, server: SmallS3, folders: CachedFolders
) -> None:
    server.objects[BUCKET][f"models/small/{name}"] = b"{}"
    with pytest.raises(JobError, match=r"name .*: rename"):
        folders(URL, MODEL.loaded)


def test_large_files_beside_the_weights_are_refused(
    monkeypatch: pytest.MonkeyPatch, folders: CachedFolders
) -> None:
    monkeypatch.setattr("pipelines.storage.cached_folders._MAX_SIDE_BYTES", 1)
    with pytest.raises(JobError, match=r"config\.json: has 2 bytes, and a file beside the weights"):
        folders(URL, MODEL.loaded)


def test_a_cache_that_cannot_be_written_is_told(
    monkeypatch: pytest.MonkeyPatch, folders: CachedFolders, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.raises(JobError, match="cannot be written: Not a directory: set XDG_CACHE_HOME"):
        folders(URL, MODEL.loaded)


def test_the_cache_lies_where_its_specification_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/ada")
    for named in ("", "relative"):
        monkeypatch.setenv("XDG_CACHE_HOME", named)
        assert cache_folder() == Path("/home/ada/.cache/shardmill/models")
