"""TextInImage: words are read and judged, whatever the batch; boxes are those of the original."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from filters import PersonalData, TextInImage, ToxicityRules
from filters.base import Judge
from filters.classifiers import words_in_image
from filters.classifiers.words_in_image import Line, NotRead
from filters.images import text_in_image
from pipelines.config.job import Job
from schemas.errors import JobError
from schemas.resources import Resources
from schemas.sample import RGB, Sample, Text
from schemas.verdict import Verdict, drop, indeterminate, keep

EMAIL = "write to anna.smith@example.org"
SIZE = (640, 320)


def picture(*lines: str, size: tuple[int, int] = SIZE, height: int = 32, angle: int = 0) -> RGB:
    """Render lines, black on white, 60 pixels apart; turn the image counterclockwise."""
    image = Image.new("RGB", size, "white")
    font = ImageFont.load_default(height)
    for number, line in enumerate(lines):
        ImageDraw.Draw(image).text((20, 30 + 60 * number), line, "black", font)
    return np.asarray(image.rotate(angle, expand=True))


def sample(*frames: RGB, size: tuple[int, int] | None = None) -> Sample:
    height, width = frames[0].shape[:2]
    width, height = size or (width, height)
    return Sample("s", 0, {}, b"", width, height, frames, len(frames))


@pytest.fixture(scope="module")
def stage() -> TextInImage:
    return TextInImage(filters=(PersonalData(), ToxicityRules()), max_side=640)


@pytest.fixture(scope="module")
def loaded(stage: TextInImage) -> Judge[Sample]:
    return stage.load(Resources(open=lambda path: Path(path).open("rb")))


def verdict_on(loaded: Judge[Sample], *frames: RGB) -> Verdict:
    return loaded.judge([sample(*frames)])[0]


def test_a_line_with_personal_data_is_a_hit_with_its_box(loaded: Judge[Sample]) -> None:
    verdict = verdict_on(loaded, picture("A quiet garden", EMAIL))
    assert (verdict.action, verdict.reason) == ("quarantine", "text_in_image")
    assert verdict.scores == {"lines": 2, "hits_personal_data": 1}
    (box,) = verdict.boxes
    assert box.frame == 0
    assert box.filter == "personal_data"
    dark = np.argwhere(picture("", EMAIL).min(axis=2) < 128)
    (top, left), (bottom, right) = dark.min(axis=0), dark.max(axis=0)
    assert box.left <= left
    assert box.top <= top
    assert box.right > right
    assert box.bottom > bottom
    assert box.right - box.left < right - left + 60
    assert box.bottom - box.top < bottom - top + 60
    assert "anna" not in repr(verdict)


@pytest.mark.parametrize("angle", [90, 180, 270])
def test_turned_text_is_read(angle: int, loaded: Judge[Sample]) -> None:
    assert verdict_on(loaded, picture(EMAIL, angle=angle)).scores["hits_personal_data"] == 1


def test_harmless_and_empty_images_are_kept(loaded: Judge[Sample]) -> None:
    noise = np.random.default_rng(1).integers(0, 255, (3, 3, 3), np.uint8)
    for frame in (picture("A quiet garden"), picture(), noise, noise[:1, :1]):
        verdict = verdict_on(loaded, frame)
        assert verdict.action == "keep"
        assert verdict.boxes == ()


def test_every_frame_is_read(loaded: Judge[Sample]) -> None:
    verdict = verdict_on(loaded, picture(), picture(EMAIL))
    assert [box.frame for box in verdict.boxes] == [1]


def test_a_batch_changes_no_verdict(loaded: Judge[Sample]) -> None:
    samples = [sample(picture(EMAIL)), sample(picture("A quiet garden", "and a pond"))]
    alone = [loaded.judge([each])[0] for each in reversed(samples)]
    assert loaded.judge(samples) == alone[::-1]


def test_boxes_of_a_reduced_image_are_in_pixels_of_the_original(loaded: Judge[Sample]) -> None:
    frame = picture(EMAIL)
    (small,) = verdict_on(loaded, frame).boxes
    (verdict,) = loaded.judge([sample(frame, size=(2 * SIZE[0], 2 * SIZE[1]))])
    assert verdict.boxes == (
        small._replace(
            left=2 * small.left, top=2 * small.top, right=2 * small.right, bottom=2 * small.bottom
        ),
    )


def test_too_many_boxes_are_indeterminate(resources: Resources) -> None:
    stage = TextInImage(max_boxes=1, max_side=640, filters=(PersonalData(),))
    (verdict,) = stage.load(resources).judge([sample(picture("A quiet garden", "and a pond"))])
    assert (verdict.action, verdict.reason) == ("indeterminate", "too_many_text_boxes")


@pytest.mark.parametrize(("action", "taken"), [("drop", "drop"), ("mark", "keep")])
def test_the_action_follows_from_the_scores(action: str, taken: str) -> None:
    stage = TextInImage.model_validate({"action": action})
    hit = stage.decide({"lines": 1, "hits_words": 1})
    clean = stage.decide({"lines": 1})
    assert hit
    assert clean
    assert (hit.action, clean.action) == (taken, "keep")
    assert stage.decide({}) is None


def job(filters: Sequence[object]) -> Job:
    content = {
        "name": "j",
        "input": {"shards": ["*.tar"], "text": "txt"},
        "filters": filters,
        "output": "out",
    }
    return Job.parse(json.dumps(content))


def test_the_jobs_text_filters_judge_the_words_by_default() -> None:
    own = {"kind": "personal_data", "infotypes": ["IBAN_CODE"]}
    given = job([{"kind": "text_in_image"}, {"kind": "text_quality"}, own])
    stage = given.filters[0]
    assert isinstance(stage, TextInImage)
    assert stage.filters == (PersonalData(infotypes=("IBAN_CODE",)),)
    assert "text_boxes" in given.output_schema().names
    (alone,) = job([{"kind": "text_in_image"}]).filters
    assert isinstance(alone, TextInImage)
    assert [each.kind for each in alone.word_filters] == [
        "personal_data",
        "text_safety_rules",
        "toxicity_rules",
    ]


def test_a_missing_package_is_named_when_planned(
    resources: Resources, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(words_in_image, "find_spec", lambda name: None)
    with pytest.raises(JobError, match=r"pip install 'shardmill\[ocr\]'"):
        TextInImage().check(resources)


def test_other_models_are_refused(resources: Resources, monkeypatch: pytest.MonkeyPatch) -> None:
    digests = dict.fromkeys(words_in_image.MODELS_SHA256, "0")
    monkeypatch.setattr(words_in_image, "MODELS_SHA256", digests)
    with pytest.raises(JobError, match=r"is not that of rapidocr 3\.10\.0"):
        TextInImage().check(resources)


class _Reader:
    """Reads the same three lines in every frame, and fails on black ones."""

    def read(self, frame: RGB) -> list[Line]:
        if not frame.any():
            raise NotRead
        return [Line(0, 0, 1, 1, "bad"), Line(1, 0, 2, 1, "odd"), Line(2, 0, 3, 1, "good")]


class _Words:
    """Drops the text `hit`, and cannot judge the text `unclear`."""

    def __init__(self, hit: str, unclear: str) -> None:
        self.hit, self.unclear = hit, unclear

    def judge(self, items: Sequence[Text]) -> list[Verdict]:
        return [self._judge(item.value) for item in items]

    def _judge(self, text: str) -> Verdict:
        if text == self.unclear:
            return indeterminate("language_unsupported")
        return drop("word_listed") if text == self.hit else keep()


BRIGHT, BLACK = np.ones((2, 2, 3), np.uint8), np.zeros((2, 2, 3), np.uint8)


@pytest.mark.parametrize(
    ("action", "hit", "unclear", "frames", "expected"),
    [
        ("quarantine", "bad", "", (BRIGHT, BLACK), ("quarantine", "text_in_image", 1)),
        ("drop", "bad", "odd", (BRIGHT,), ("drop", "text_in_image", 1)),
        ("mark", "bad", "odd", (BRIGHT,), ("indeterminate", "text_not_judged", 0)),
        ("mark", "bad", "", (BRIGHT, BLACK), ("indeterminate", "text_not_read", 0)),
        ("mark", "bad", "", (BRIGHT,), ("keep", "", 1)),
        ("mark", "bad\nodd\ngood", "", (BRIGHT,), ("keep", "", 3)),
        ("drop", "", "odd", (BRIGHT,), ("indeterminate", "text_not_judged", 0)),
        ("drop", "", "", (BLACK,), ("indeterminate", "text_not_read", 0)),
    ],
)
def test_what_is_not_judged_never_passes(
    action: str, hit: str, unclear: str, frames: tuple[RGB, ...], expected: tuple[str, str, int]
) -> None:
    stage = TextInImage.model_validate({"action": action})
    reader: Any = _Reader()
    judge = text_in_image._Judge(stage, reader, [("words", _Words(hit, unclear))])
    (verdict,) = judge.judge([sample(*frames)])
    assert (verdict.action, verdict.reason, len(verdict.boxes)) == expected
