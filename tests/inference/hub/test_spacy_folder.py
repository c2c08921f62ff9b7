"""A spaCy pipeline is pinned by the digest of all its files, and a hostile folder is refused."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from inference.hub.hub import fetch_reference, resolve_model
from schemas.errors import JobError
from schemas.models import ModelReference

FIELD = "spacy_models.en"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the files of a pipeline that spaCy saved."""
    folder = tmp_path / "people"
    (folder / "vocab").mkdir(parents=True)
    (folder / "config.cfg").write_text('[nlp]\nlang = "en"\n')
    (folder / "meta.json").write_text(json.dumps({"lang": "en"}))
    (folder / "tokenizer").write_bytes(b"rules")
    (folder / "vocab/strings.json").write_text("[]")
    return folder


def reference(folder: Path) -> ModelReference:
    return ModelReference(str(folder), field=FIELD, library="spacy")


def test_a_pipeline_is_pinned_by_its_content_wherever_it_lies(folder: Path, tmp_path: Path) -> None:
    pinned, path = resolve_model(reference(folder))
    assert (pinned.source, pinned.local, path) == (str(folder.resolve()), True, folder)
    assert fetch_reference(pinned, reference(folder)) == folder.resolve()
    moved = folder.rename(tmp_path / "elsewhere")
    assert resolve_model(reference(moved))[0].version == pinned.version


@pytest.mark.parametrize(
    "change",
    [
        lambda folder: (folder / "vocab/strings.json").write_text('["a"]'),
        lambda folder: (folder / "tokenizer").rename(folder / "tokenizer2"),
        lambda folder: (folder / "ner").mkdir() or (folder / "ner/model").write_bytes(b"w"),
        lambda folder: (folder / "vocab/strings.json").unlink(),
    ],
)
def test_every_change_of_a_file_is_noticed(folder: Path, change: Callable[[Path], object]) -> None:
    pinned, _ = resolve_model(reference(folder))
    change(folder)
    with pytest.raises(JobError, match=rf"^{FIELD}: .* is not what it was when the job was planne"):
        fetch_reference(pinned, reference(folder))
    assert resolve_model(reference(folder))[0].version != pinned.version


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda folder: (folder / "config.cfg").unlink(), "is no folder of a spaCy pipeline"),
        (lambda folder: (folder / "meta.json").unlink(), "is no folder of a spaCy pipeline"),
        (
            lambda folder: (folder / "meta.json").write_text("[" * 100_000),
            "is no folder of a spaCy pipeline",
        ),
        (
            lambda folder: (folder / "meta.json").write_text(json.dumps({"a": "b" * 10_000_000})),
            "is no folder of a spaCy pipeline",
        ),
        (lambda folder: os.mkfifo(folder / "vocab/lookups.bin"), "is no regular file"),
        (lambda folder: (folder / "ner").symlink_to(folder.parent), "is a link to a folder"),
        (
            lambda folder: (folder / "vocab/deep").symlink_to("/", target_is_directory=True),
            "is a link to a folder",
        ),
    ],
)
def test_a_folder_that_is_not_a_pipeline_of_files_is_refused(
    folder: Path, spoil: Callable[[Path], object], message: str
) -> None:
    pinned, _ = resolve_model(reference(folder))
    spoil(folder)
    with pytest.raises(JobError, match=rf"^{FIELD}: .*{message}") as raised:
        resolve_model(reference(folder))
    assert "\n" not in str(raised.value)
    with pytest.raises(JobError, match=rf"^{FIELD}: .*{message}"):
        fetch_reference(pinned, reference(folder))


def test_a_folder_has_at_most_8_gib(folder: Path) -> None:
    pinned, _ = resolve_model(reference(folder))
    with (folder / "vocab/vectors").open("wb") as file:
        file.truncate(8 << 30)  # a sparse file: with the others, the folder has a few bytes more
    message = rf"^{FIELD}: .* has more than 8 GiB or 100,000 files: name the folder of the pipeline"
    with pytest.raises(JobError, match=message):
        resolve_model(reference(folder))
    with pytest.raises(JobError, match=message):
        fetch_reference(pinned, reference(folder))


def test_a_folder_has_at_most_so_many_files(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entries = len(list(folder.glob("**/*")))
    monkeypatch.setattr("inference.hub.spacy_folder._MAX_FILES", entries)
    resolve_model(reference(folder))
    (folder / "one more").touch()
    with pytest.raises(JobError, match="has more than 8 GiB or"):
        resolve_model(reference(folder))


def test_a_missing_folder_is_not_looked_up_on_the_hub(tmp_path: Path) -> None:
    with pytest.raises(JobError, match=rf"^{FIELD}: there is no directory .*not downloaded"):
        resolve_model(reference(tmp_path / "en_core_web_sm"))
