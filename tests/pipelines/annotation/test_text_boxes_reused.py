"""A job takes the boxes of text in images over from the output that it names in `filters_from`."""

from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from PIL import Image, ImageDraw, ImageFont
from support.sample_data import encoded, job, write_shard

from filters.classifiers import words_in_image
from pipelines.operations.run import run
from pipelines.operations.verify import verify

pytestmark = pytest.mark.faults  # the models of OCR take seconds to load

LINES = ("write to anna.smith@example.org", "a quiet garden")
READS = {"kind": "text_in_image", "max_side": 320}
PERSONAL = {"kind": "personal_data", "infotypes": ["EMAIL_ADDRESS"]}


def picture(line: str) -> bytes:
    image = Image.new("RGB", (320, 96), "white")
    ImageDraw.Draw(image).text((10, 30), line, "black", ImageFont.load_default(18))
    return encoded(image, "PNG")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("text_boxes")
    members = []
    for index, line in enumerate(LINES):
        members += [(f"{index}.png", picture(line)), (f"{index}.txt", b"a sheet of paper")]
    write_shard(folder / "shards/a.tar", members)
    for action in ("mark", "quarantine"):
        filters = [PERSONAL, {**READS, "action": action}]
        run(filtering(folder, action, filters=filters, model=None, tasks={}))
    return folder


def filtering(folder: Path, name: str, checkpoint: Path | None = None, **keys: Any) -> Any:
    given = {"shards": f"{folder}/shards/*.tar", "text": "txt"}
    return job(folder, checkpoint, input=given, output=f"{folder}/{name}", **keys)


def rows(output: Path) -> list[dict[str, Any]]:
    (file,) = output.glob("*.parquet")
    found: list[dict[str, Any]] = pq.read_table(file).to_pylist()
    return found


def captioned(folder: Path, checkpoint: Path, name: str, **keys: Any) -> list[dict[str, Any]]:
    tasks = {"caption": {"kind": "caption", "max_new_tokens": 2}}
    run(filtering(folder, name, checkpoint, tasks=tasks, **keys))
    assert verify(f"{folder}/{name}").problems == ()
    return rows(folder / name)


def test_boxes_are_taken_over_without_reading_the_images_again(
    folder: Path, checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read_again(*_: object, **__: object) -> None:
        raise AssertionError("the words were read before")

    monkeypatch.setattr(words_in_image.WordReader, "read", read_again)
    before = rows(folder / "mark")
    assert [len(row["text_boxes"]) for row in before] == [1, 0]
    filters = [PERSONAL, {**READS, "action": "mark"}]
    keys = {"filters_from": f"{folder}/mark"}
    after = captioned(folder, checkpoint, "captioned", filters=filters, **keys)
    assert [row["text_boxes"] for row in after] == [row["text_boxes"] for row in before]
    assert [row["caption_info"]["status"] for row in after] == ["ok", "ok"]
    for row, earlier in zip(after, before, strict=True):
        scores = {score["name"]: score["value"] for score in row["scores"]}
        assert scores.items() >= {s["name"]: s["value"] for s in earlier["scores"]}.items()
    without = captioned(folder, checkpoint, "without", filters=[], **keys)
    assert "text_boxes" not in without[0]


def test_a_stricter_action_follows_from_the_scores(folder: Path, checkpoint: Path) -> None:
    filters = [PERSONAL, {**READS, "action": "drop"}]
    after = captioned(folder, checkpoint, "dropped", filters=filters, filters_from=f"{folder}/mark")
    assert [row["status"] for row in after] == ["dropped", "kept"]
    assert [row["text_boxes"] for row in after] == [None, []]


def test_a_looser_action_reads_the_image_again_for_its_boxes(
    folder: Path, checkpoint: Path
) -> None:
    assert [row["text_boxes"] for row in rows(folder / "quarantine")] == [None, []]
    filters = [PERSONAL, {**READS, "action": "mark"}]
    after = captioned(
        folder, checkpoint, "marked", filters=filters, filters_from=f"{folder}/quarantine"
    )
    assert [row["status"] for row in after] == ["kept", "kept"]
    assert after[0]["text_boxes"] == rows(folder / "mark")[0]["text_boxes"]
