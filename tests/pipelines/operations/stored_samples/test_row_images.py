"""The images of rows are found again in their shards, and no other ones are shown."""

from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from demo.scenes.scenes import Scene, draw_scene, write_shard
from pipelines.config.input import Input
from pipelines.operations.stored_samples.row_images import RowImage, find_row_images
from pipelines.storage.resolve import STORAGE
from schemas.sample import Unit

SCENES = [draw_scene(0, index) for index in range(4)]


@pytest.fixture
def unit(tmp_path: Path) -> Unit:
    path = tmp_path / "00000.tar"
    write_shard(path, SCENES)
    return Unit("00000", str(path), "00000.tar", path.stat().st_size, "")


def row(index: int, scene: Scene, **more: Any) -> dict[str, Any]:
    return {
        "shard": "00000.tar", "index": index, "status": "kept", "width": scene.width,
        "height": scene.height, "sha256": sha256(scene.image).hexdigest(), **more,
    }  # fmt: skip


def images(rows: list[dict[str, Any]], unit: Unit) -> list[RowImage]:
    return find_row_images(rows, [unit], Input(shards=unit.path), STORAGE)


def test_each_row_gets_its_own_upright_image(unit: Unit) -> None:
    rows = [row(index, SCENES[index]) for index in (3, 1)]
    found = images(rows, unit)
    assert [picture.row for picture in found] == rows
    for picture in found:
        assert picture.image is not None
        assert picture.image.shape == (picture.row["height"], picture.row["width"], 3)


def test_what_was_not_kept_has_none(unit: Unit) -> None:
    (found,) = images([row(1, SCENES[1], status="dropped", sha256=None)], unit)
    assert found.image is None


def test_a_changed_image_is_not_shown(unit: Unit) -> None:
    (found,) = images([row(1, SCENES[2])], unit)
    assert found.image is None


def test_a_shard_that_is_cut_or_gone_shows_what_it_can(unit: Unit) -> None:
    rows = [row(0, SCENES[0]), row(3, SCENES[3])]
    path = Path(unit.path)
    path.write_bytes(path.read_bytes()[: unit.size // 2])
    first, last = images(rows, unit)
    assert first.image is not None
    assert last.image is None
    path.unlink()
    assert [picture.image for picture in images(rows, unit)] == [None, None]


def test_text_that_a_filter_found_is_covered(unit: Unit) -> None:
    box = {"frame": 0, "left": 5, "top": 10, "right": 25, "bottom": 30, "filter": "personal_data"}
    elsewhere = {**box, "frame": 1, "left": 40, "right": 50}
    (plain,) = images([row(1, SCENES[1])], unit)
    (covered,) = images([row(1, SCENES[1], text_boxes=[box, elsewhere])], unit)
    assert plain.image is not None
    assert covered.image is not None
    is_changed = (plain.image != covered.image).any(axis=2)
    inside = np.zeros_like(is_changed)
    inside[10:30, 5:25] = True
    assert (covered.image[inside] == 128).all()
    assert not is_changed[~inside].any()


def test_it_is_said_why_an_image_is_not_shown(unit: Unit) -> None:
    rows = [row(0, SCENES[1]), row(9, SCENES[3]), row(1, SCENES[1], status="dropped")]
    assert [found.why for found in images(rows, unit)] == [
        "the image has changed since its row was written",
        "its shard has no such sample any more",
        "the sample was not kept",
    ]
    Path(unit.path).unlink()
    (gone,) = images(rows[:1], unit)
    assert gone.why == "the shard is gone"
