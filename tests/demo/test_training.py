"""What the model is taught is what inference asks, and training goes on from where it stopped."""

import re
from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn
from transformers import PaliGemmaForConditionalGeneration

from demo.scenes import mask_codes, words
from demo.scenes.kinds import Kind
from demo.scenes.scenes import draw_scene
from demo.training import course, dense, gallery, lessons, tokenizer
from demo.training.answering import Answering, begin
from demo.training.architecture import configuration, processor
from demo.training.finding import Finder
from demo.training.gallery import Drawn
from demo.training.sheets import Clerk

SIDE, PATCH = 56, 14
PATCHES = (SIDE // PATCH) ** 2
# Of logits: in bfloat16 they are off by up to 0.1, in float32 by 2^-16 of that; another order of
# sums may cost the root of their length more, 256 terms.
ERROR = 0.1 * 2**-16 * 16


@pytest.fixture(scope="module")
def drawn() -> Drawn:
    return gallery.draw(7, 0, 8, SIDE)


@pytest.fixture(scope="module")
def model() -> Any:
    """Untrained; in the architecture of the demo's, but smaller."""
    sizes = {"vision_width": 32, "text_width": 64, "vision_layers": 2, "text_layers": 2}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        config = configuration(
            tokenizer.build(),
            image_size=SIDE,
            patch_size=PATCH,
            attn_logit_softcapping=None,
            **sizes,
        )
        model: Any = PaliGemmaForConditionalGeneration(config).eval()
        begin(model)
    return model


@pytest.fixture(scope="module")
def to_input(model: Any) -> Any:
    return processor(tokenizer.build(), model.config)


def test_the_loss_is_over_the_logits_that_transformers_computes(
    model: Any, to_input: Any, drawn: Drawn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the bfloat16 that training rounds to."""
    monkeypatch.setattr(torch, "autocast", lambda *_: nullcontext())
    asked = [lessons.exercises(Random(1), scene) for scene in drawn.scenes]
    flat = [exercise for each in asked for exercise in each]
    sheet = Clerk(to_input, PATCHES).sheet(flat)
    lesson = Answering(model, dense.Heads(32), Clerk(to_input, PATCHES), drawn)
    with torch.no_grad():
        seen = lesson._seen(drawn, len(asked[0]))
        told, _ = lesson._told(sheet, seen.features)
    compared = 0
    for row, exercise in enumerate(flat):
        if not exercise.answer:  # the processor takes an empty suffix for none
            continue
        inputs = to_input(
            images=Image.fromarray(drawn.images[row // len(asked[0])]),
            text=f"<image>{exercise.prompt}",
            suffix=exercise.answer,
            return_tensors="pt",
        )
        labels = inputs.pop("labels")[0]
        places = (labels != -100).nonzero()[:, 0]
        with torch.no_grad():
            expected = model(**inputs).logits[0][places - 1]
        assert torch.equal(labels[places], sheet.targets[sheet.rows == row])
        torch.testing.assert_close(told[sheet.rows == row], expected, atol=ERROR, rtol=0)
        compared += 1
    assert compared > 20


def test_every_prompt_of_a_job_is_asked() -> None:
    scene = draw_scene(7, 0)
    asked = {
        exercise.prompt for seed in range(60) for exercise in lessons.exercises(Random(seed), scene)
    }
    assert {f"caption {language}" for language in words.LANGUAGES} | {"ocr"} <= asked
    assert f"detect {' ; '.join(words.SHAPES)}" in asked
    assert any(prompt.startswith("answer en is there a") for prompt in asked)


def test_boxes_are_told_to_the_pixel() -> None:
    scene = draw_scene(7, 0)
    answer = lessons.detect(scene, words.SHAPES, SIDE).answer
    codes = [int(code) for code in re.findall(r"<loc(\d+)>", answer)]
    assert len(codes) == 4 * len(scene.things)
    for code in codes:
        assert code / 1023 * SIDE == pytest.approx(round(code / 1023 * SIDE), abs=0.03)
    edge = scene.things[0].box[1] / scene.height
    assert codes[0] / 1023 == pytest.approx(edge, abs=0.51 / SIDE)


def test_a_mask_is_sixteen_codes_of_the_shape_s_own() -> None:
    scene = draw_scene(7, 0)
    (label, *_) = (thing.label for thing in scene.things)
    answer = lessons.segment(scene, label).answer
    codes = [int(code) for code in re.findall(r"<seg(\d+)>", answer)]
    assert codes[:16] == list(mask_codes.of(label))
    assert len({code for shape in words.SHAPES for code in mask_codes.of(shape)}) == 6 * 16 <= 128


def test_patches_tell_what_lies_over_them() -> None:
    scene = draw_scene(7, 3, Kind.PLAIN)
    labels = dense.labels([scene], 8)
    thing = scene.things[0]
    left, top, right, bottom = thing.box
    column = int((left + right) / 2 / scene.width * 8)
    row = int((top + bottom) / 2 / scene.height * 8)
    shape, colour, place, *_ = labels.classes[0, 8 * row + column].tolist()
    assert words.SHAPES[shape - 1] == thing.label
    assert list(words.COLOURS)[colour - 1] == thing.colour
    assert place == 1
    expected = (top / scene.height, left / scene.width, bottom / scene.height, right / scene.width)
    assert labels.edges[0, 8 * row + column].tolist() == pytest.approx(expected, abs=1e-6)


def test_letters_lie_along_the_print() -> None:
    scenes = (draw_scene(7, index, Kind.PLAIN) for index in range(50))
    scene = next(scene for scene in scenes if len(set(scene.printed)) == len(scene.printed) > 3)
    letters = dense.labels([scene], 32).classes[0, :, 4]
    read = "".join(chr(ord("A") + code - 1) for code in letters.tolist() if code)
    assert read == scene.printed


def test_the_finder_is_right_where_it_marks_just_what_is_named() -> None:
    finder = Finder(1)
    nn.init.ones_(finder.linear.weight)
    nn.init.zeros_(finder.linear.bias)
    star, cross = 1 + words.SHAPES.index("star"), 1 + words.SHAPES.index("cross")
    shapes = torch.tensor([[0, star, cross]] * 3)
    asked = [
        lessons.Exercise("detect", "", "", ["star"]),
        lessons.Exercise("ocr", "", ""),  # names nothing, so it does not count
        lessons.Exercise("detect", "", "", ["cross", "circle"]),
    ]
    marks = torch.tensor([[-20.0, 20, -20], [20, -20, 20], [-20, -20, 20]])[..., None]
    assert finder(marks, shapes, asked).item() < 1e-6
    assert finder(-marks, shapes, asked).item() > 10


class Line:
    """A lesson small enough to compare weights after: a line through the images' brightness."""

    name = "line"

    def __init__(self) -> None:
        torch.manual_seed(0)
        self._layer = nn.Linear(1, 1)
        self.modules: Mapping[str, tuple[nn.Module, float]] = {"layer": (self._layer, 1.0)}

    def loss(
        self, drawn: Drawn, random: Random, done: float
    ) -> tuple[torch.Tensor, Mapping[str, float]]:
        bright = torch.from_numpy(drawn.images.mean((1, 2, 3), dtype=np.float32) / 255)[:, None]
        return (self._layer(bright) - random.random() - done).square().mean(), {}

    def examine(self) -> Mapping[str, float]:
        return {}

    def weights(self) -> list[float]:
        return [*self._layer.weight.flatten().tolist(), *self._layer.bias.tolist()]


class Four:
    """Stands for a gallery: scenes drawn once."""

    def __init__(self, drawn: Drawn) -> None:
        self._drawn = drawn

    def batch(self, step: int, size: int) -> Drawn:
        return self._drawn.part(step % 2 * size, (step % 2 + 1) * size)


def test_training_stopped_and_gone_on_is_training(tmp_path: Path, drawn: Drawn) -> None:
    scenes: Any = Four(drawn)
    plan = course.Plan(12, batch=4, warm_up=2, report_every=4, snapshot_every=5)
    whole = Line()
    course.train(whole, plan, scenes, tmp_path / "whole.pt", lambda _: None)

    def stop() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        course.train(Line(), plan, scenes, tmp_path / "part.pt", lambda _: None, keep=stop)
    rest = Line()
    lines: list[str] = []
    course.train(rest, plan, scenes, tmp_path / "part.pt", lines.append)
    assert rest.weights() == whole.weights()
    assert lines[0].startswith("line 8/12")
