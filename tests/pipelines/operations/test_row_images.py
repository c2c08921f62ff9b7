"""The images of rows are found again in their shards, and no other ones are shown."""

from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from demo.scenes.scenes import Scene, draw_scene, write_shard
from pipelines.config.input import Input
from pipelines.operations.row_images import RowImage, find_row_images
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
