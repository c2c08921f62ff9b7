"""Scenes are the same for a seed, true to what they say, and packed as WebDataset reads them."""

import io
import json
from pathlib import Path

import numpy as np
import pytest
import webdataset
from PIL import Image, ImageOps

from demo import drawing, words
from demo.scenes import Scene, draw_scene, write_shards

SCENES = [draw_scene(7, index) for index in range(150)]


def upright(scene: Scene) -> Image.Image:
    return ImageOps.exif_transpose(Image.open(io.BytesIO(scene.image)))


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    first = write_shards(tmp_path / "first", shards=2, samples=3, seed=1)
    again = write_shards(tmp_path / "again", shards=2, samples=3, seed=1)
    other = write_shards(tmp_path / "other", shards=2, samples=3, seed=2)
    assert [path.name for path in first] == ["00000.tar", "00001.tar"]
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in again]
    assert [path.read_bytes() for path in first] != [path.read_bytes() for path in other]


def test_a_scene_does_not_depend_on_those_before() -> None:
    assert draw_scene(7, 149) == SCENES[149]


def test_shards_read_as_webdataset(tmp_path: Path) -> None:
    (path,) = write_shards(tmp_path, shards=1, samples=5, seed=7)
    samples = list(webdataset.WebDataset(str(path), shardshuffle=False))
    assert [sample["__key__"] for sample in samples] == [f"{index:08}" for index in range(5)]
    for sample, scene in zip(samples, SCENES, strict=False):
        assert sample["jpg"] == scene.image
        assert sample["txt"].decode() == scene.alt_text
        assert json.loads(sample["json"]) == json.loads(json.dumps(scene.truth()))


def test_sizes_and_boxes_are_of_the_upright_image() -> None:
    for scene in SCENES:
        assert upright(scene).size == (scene.width, scene.height)
        for thing in scene.things:
            left, top, right, bottom = thing.box
            assert 0 <= left < right <= scene.width
            assert 0 <= top < bottom <= scene.height


def test_the_colour_of_a_thing_lies_in_the_middle_of_its_box() -> None:
    for scene in SCENES:
        pixels = np.asarray(upright(scene)).astype(int)
        for thing in scene.things:
            left, top, right, bottom = thing.box
            middle = pixels[(top + bottom) // 2, (left + right) // 2]
            assert np.abs(middle - words.COLOURS[thing.colour]).max() < 60, scene.key


@pytest.mark.parametrize("label", words.SHAPES)
@pytest.mark.parametrize("box", [(10, 20, 50, 90), (0, 0, 9, 9)])
def test_a_shape_fills_its_box_and_no_more(label: str, box: drawing.Box) -> None:
    canvas = Image.new("RGB", (100, 100))
    drawing.draw_shape(canvas, label, (255, 255, 255), box)
    assert canvas.convert("L").point(lambda level: 255 * (level > 20)).getbbox() == box


def test_a_printed_word_has_no_margins() -> None:
    mask = drawing.printed("OPEN", 40)
    assert mask.getbbox() == (0, 0, *mask.size)
    assert 25 <= mask.height <= 40


def test_there_is_something_to_filter_and_to_turn() -> None:
    assert any(min(scene.width, scene.height) < 64 for scene in SCENES)
    assert sum(min(scene.width, scene.height) < 64 for scene in SCENES) < 20
    assert any(scene.width > scene.height for scene in SCENES)
    assert any(Image.open(io.BytesIO(scene.image)).size != upright(scene).size for scene in SCENES)
    assert any(len(scene.alt_text.split()) == 1 for scene in SCENES)
    assert any(scene.printed for scene in SCENES)


def test_every_scene_shows_something_and_tells_it() -> None:
    for scene in SCENES:
        assert scene.things
        truth = json.loads(json.dumps(scene.truth()))
        assert truth["texts"] == ([scene.printed] if scene.printed else [])
        assert set(truth["caption"]) == {"en", "es", "de"}
        for thing in truth["objects"]:
            assert f"{thing['colour']} {thing['label']}" in truth["caption"]["en"]


def test_questions_are_answered_truly() -> None:
    asked = set()
    for scene in SCENES:
        labels = [thing.label for thing in scene.things]
        subject = scene.question.rstrip("?").split()[-1]
        if scene.question.startswith("how many"):
            assert scene.answer == str(len(labels))
        elif scene.question.startswith("is there"):
            assert scene.answer == ("yes" if subject in labels else "no")
        else:
            (thing,) = [thing for thing in scene.things if thing.label == subject]
            assert scene.answer == thing.colour
        asked.add(scene.question.split()[0])
    assert asked == {"how", "is", "what"}
