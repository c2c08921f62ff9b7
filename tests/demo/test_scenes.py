"""Scenes are reproducible, match their ground truth, and read as WebDataset shards."""

import io
import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import webdataset
from PIL import Image, ImageOps

from demo.scenes import drawing, words
from demo.scenes.encoded_image import decode_image
from demo.scenes.kinds import SHARES, Kind, kind_of, plain_before
from demo.scenes.scenes import Scene, draw_scene, write_shards
from pipelines.images import ImageFault

SCENES = [draw_scene(7, index) for index in range(150)]
SOUND = [scene for scene in SCENES if scene.kind is not Kind.CORRUPT]
DRAWN = [scene for scene in SOUND if scene.kind is not Kind.PLACARD]


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
    for scene in SOUND:
        assert upright(scene).size == (scene.width, scene.height)
        for thing in scene.things:
            left, top, right, bottom = thing.box
            assert 0 <= left < right <= scene.width
            assert 0 <= top < bottom <= scene.height


def test_the_color_of_a_thing_lies_in_the_middle_of_its_box() -> None:
    for scene in DRAWN:
        pixels = np.asarray(upright(scene)).astype(int)
        for thing in scene.things:
            left, top, right, bottom = thing.box
            middle = pixels[(top + bottom) // 2, (left + right) // 2]
            assert np.abs(middle - words.COLORS[thing.color]).max() < 60, scene.key


@pytest.mark.parametrize("label", words.SHAPES)
@pytest.mark.parametrize("box", [(10, 20, 50, 90), (0, 0, 9, 9)])
def test_a_shape_fills_its_box_and_no_more(label: str, box: drawing.Box) -> None:
    canvas = Image.new("RGB", (100, 100))
    drawing.draw_shape(canvas, label, (255, 255, 255), box)
    assert canvas.convert("L").point(lambda level: 255 * (level > 20)).getbbox() == box


def test_a_printed_word_has_no_margins() -> None:
    mask = drawing.word_mask("OPEN", 40)
    assert mask.getbbox() == (0, 0, *mask.size)
    assert 25 <= mask.height <= 40


def test_some_images_are_rotated_and_some_texts_poor() -> None:
    assert any(scene.width > scene.height for scene in SOUND)
    assert any(Image.open(io.BytesIO(scene.image)).size != upright(scene).size for scene in SOUND)
    assert any(len(scene.alt_text.split()) == 1 for scene in SCENES)
    assert any(scene.printed for scene in SCENES)


def test_every_scene_has_things_and_its_truth_lists_them() -> None:
    for scene in DRAWN:
        assert scene.things
        truth = json.loads(json.dumps(scene.truth()))
        assert truth["kind"] == scene.kind
        assert truth["texts"] == ([scene.printed] if scene.printed else [])
        assert set(truth["caption"]) == {"en", "es", "de"}
        for thing in truth["objects"]:
            assert f"{thing['colour']} {thing['label']}" in truth["caption"]["en"]


def test_things_are_sorted_by_their_centers() -> None:
    for scene in SCENES:
        middles = [thing.middle for thing in scene.things]
        assert middles == sorted(middles)


def test_every_kind_has_its_share() -> None:
    assert set(SHARES) == set(Kind)
    assert sum(SHARES.values()) == pytest.approx(1)
    drawn = Counter(kind_of(7, index) for index in range(4000))
    for kind, share in SHARES.items():
        assert drawn[kind] / 4000 == pytest.approx(share, abs=0.02), kind


@pytest.mark.parametrize("kind", Kind)
def test_a_kind_can_be_requested(kind: Kind) -> None:
    assert all(draw_scene(7, index, kind).kind is kind for index in range(1, 20))


def test_tiny_and_elongated_images_have_such_sizes() -> None:
    for index in range(20):
        tiny, elongated = draw_scene(7, index, Kind.TINY), draw_scene(7, index, Kind.ELONGATED)
        assert max(tiny.width, tiny.height) < 64
        long, short = sorted((elongated.width, elongated.height), reverse=True)
        assert long / short > 3
        plain = draw_scene(7, index, Kind.PLAIN)
        assert min(plain.width, plain.height) >= 200
        assert max(plain.width / plain.height, plain.height / plain.width) < 1.45


def test_personal_data_are_where_the_kind_says() -> None:
    for index in range(20):
        text = draw_scene(7, index, Kind.PERSONAL_TEXT).alt_text
        assert "@example.com" in text or "+1-202-555-01" in text
        assert "+1-202-555-01" in draw_scene(7, index, Kind.PERSONAL_KEY).key
        assert draw_scene(7, index, Kind.PERSONAL_PICTURE).printed in words.ADDRESSES_IN_PRINT


def test_corrupt_images_cannot_be_decoded_and_others_can() -> None:
    for index in range(20):
        with pytest.raises(ImageFault):
            decode_image(draw_scene(7, index, Kind.CORRUPT).image)
    for scene in SOUND:
        assert decode_image(scene.image).shape == (scene.height, scene.width, 3)


def test_duplicates_repeat_the_nearest_plain_scene_before() -> None:
    for index in range(1, 30):
        source = draw_scene(7, next(plain_before(7, index)))
        assert source.kind is Kind.PLAIN
        again = draw_scene(7, index, Kind.DUPLICATE)
        assert (again.image, again.things) == (source.image, source.things)
        assert again.key != source.key


def test_a_flipped_scene_is_a_plain_one_without_print_in_the_mirror() -> None:
    for index in range(1, 30):
        flipped = draw_scene(7, index, Kind.FLIPPED)
        before = (draw_scene(7, earlier) for earlier in plain_before(7, index))
        source = next(scene for scene in before if not scene.printed)
        pairs = zip(reversed(source.things), flipped.things, strict=True)
        for thing, mirrored in pairs:
            assert (mirrored.label, mirrored.color) == (thing.label, thing.color)
            assert mirrored.box[0] == source.width - thing.box[2]
        there = np.asarray(upright(source)).astype(int)[:, ::-1]
        assert np.abs(np.asarray(upright(flipped)).astype(int) - there).mean() < 6


def test_questions_have_true_answers() -> None:
    question_words = set()
    for scene in SCENES:
        labels = [thing.label for thing in scene.things]
        subject = scene.question.rstrip("?").split()[-1]
        if scene.question.startswith("how many"):
            assert scene.answer == str(len(labels))
        elif scene.question.startswith("is there"):
            assert scene.answer == ("yes" if subject in labels else "no")
        else:
            (thing,) = [thing for thing in scene.things if thing.label == subject]
            assert scene.answer == thing.color
        question_words.add(scene.question.split()[0])
    assert question_words == {"how", "is", "what"}
