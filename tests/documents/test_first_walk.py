"""Does what docs/first-walk.md says, block by block in one folder, and reads what is printed."""

import hashlib
import io
import json
import os
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from support import document_blocks as documents
from support import user_data
from support.document_blocks import FIRST_WALK, ROOT, Block
from support.shardmill_process import Command
from support.transcript import Step, matches

pytestmark = pytest.mark.faults
datasets = pytest.importorskip("datasets")
STATUSES = ("kept", "dropped", "quarantined", "invalid")


@pytest.fixture(scope="module")
def walked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a user who has done everything on the page, and seen what it shows."""
    folder = tmp_path_factory.mktemp("walk")
    user_data.photographs(folder)
    (folder / "paligemma").rename(folder / "model")  # what documents.substituted names
    printed = ""
    for block in _of_the_page():
        text = documents.substituted(block.text)
        if block.language == "yaml":
            (folder / "photos.yaml").write_text(text)
        elif block.language == "sh":
            printed = "".join(_run(each, folder) for each in documents.commands(block))
        elif block.language == "python":
            (folder / "first.py").write_text(text)
            printed = _run("python first.py", folder)
        else:
            step = Step(str(block), tuple(block.text.splitlines()), 0, block.line)
            assert matches(step, printed), f"{block} shows what was not printed:\n{printed}"
    return folder


def _of_the_page() -> Iterator[Block]:
    yield from (
        block
        for block in documents.blocks("yaml", "sh", "python", "text")
        if block.document == FIRST_WALK
    )


def _run(command: str, folder: Path) -> str:
    """Run a command in a forked process; return what it printed. An error fails the test."""
    variables = {**os.environ, "PYTHONPATH": str(ROOT), "HOME": str(folder), "COLUMNS": "100"}
    forked = Command(shlex.split(command), folder, variables, both=True)
    printed = forked.wait()
    assert forked.returncode == 0, f"$ {command}\n{printed}[{forked.returncode}]"
    return printed


def test_report_card_and_dataset_have_the_same_numbers(walked: Path) -> None:
    told = json.loads(_run("shardmill report annotated --json", walked))["counts"]
    counts = {status: told[status] for status in STATUSES}
    assert counts == {"kept": 8, "dropped": 0, "quarantined": 0, "invalid": 1}
    page = (walked / "report.html").read_text()
    in_page = re.findall(r'<span dir="auto">(\w+)</span></th><td class="right">(\d+)</td>', page)
    assert {name: int(number) for name, number in in_page[: len(STATUSES)]} == counts
    card = (walked / "card/README.md").read_text()
    in_card = re.findall(r"^\| (\w+) \| (\d+) \| [\d.]+% \|$", card, re.MULTILINE)
    assert {name: int(number) for name, number in in_card} == counts
    assert f"{told['read']} samples read, {counts['kept']} kept." in card
    assert "1 shard (" in card
    assert f": {counts['kept']} |" in (walked / "card/training-content.md").read_text()
    for folder in ("dataset", "divided"):
        assert sum(load(walked / folder, walked).num_rows.values()) == counts["kept"]


@pytest.mark.parametrize(
    ("folder", "splits"), [("dataset", {"train"}), ("divided", {"train", "test"})]
)
def test_every_row_has_its_picture_and_caption(walked: Path, folder: str, splits: set[str]) -> None:
    loaded = load(walked / folder, walked)
    files = loaded.cast_column("image", datasets.Image(decode=False))
    assert set(loaded) == splits
    keys = set()
    for split in splits:
        for row, file in zip(loaded[split], files[split], strict=True):
            keys.add(row["key"])
            content = (walked / "photos" / f"{row['key']}.JPG").read_bytes()
            assert file["image"]["bytes"] == content
            assert row["sha256"] == hashlib.sha256(content).hexdigest()
            assert row["image"].size == (row["width"], row["height"])  # upright
            assert row["caption"]
    assert len(keys) == 8


def test_the_shuffled_rows_are_in_another_order(walked: Path) -> None:
    in_order = load(walked / "dataset", walked)["train"]["key"][:]
    train = load(walked / "divided", walked)["train"]["key"][:]
    assert train != [key for key in in_order if key in train]


def test_the_saved_picture_is_the_first_one(walked: Path) -> None:
    content = (walked / "photos/2025/beach/IMG_0001.JPG").read_bytes()
    with Image.open(walked / "first.png") as saved, Image.open(io.BytesIO(content)) as photograph:
        assert saved.convert("RGB").tobytes() == photograph.convert("RGB").tobytes()


def load(folder: Path, home: Path) -> Any:
    return datasets.load_dataset(str(folder), cache_dir=str(home / "cache"))
