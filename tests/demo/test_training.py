"""Training uses the prompts of inference, and continues from a snapshot."""

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
from demo.training import (
    examples,
    model_passes,
    patch_labels,
    scene_dataset,
    tokenizer,
    training_loop,
)
from demo.training.answer_training import AnswerTraining, initialize_weights
from demo.training.architecture import configuration, processor
from demo.training.grounding import GroundingHead
from demo.training.scene_dataset import SceneBatch
from demo.training.token_batches import TokenBatcher

SIDE, PATCH = 56, 14
PATCHES = (SIDE // PATCH) ** 2
# The error of a logit is up to 0.1 in bfloat16, and 2^-16 of that in float32. Another order of
# summation may multiply it by the square root of the number of terms, 256.
ERROR = 0.1 * 2**-16 * 16


@pytest.fixture(scope="module")
def batch() -> SceneBatch:
    return scene_dataset.draw(7, 0, 8, SIDE)


@pytest.fixture(scope="module")
def model() -> Any:
    """An untrained, smaller model of the demo's architecture."""
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
        initialize_weights(model)
    return model


@pytest.fixture(scope="module")
def to_input(model: Any) -> Any:
    return processor(tokenizer.build(), model.config)


def test_the_loss_is_over_the_logits_that_transformers_computes(
    model: Any, to_input: Any, batch: SceneBatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The test computes in float32, without the autocast to bfloat16 of the training."""
    monkeypatch.setattr(torch, "autocast", lambda *_: nullcontext())
    by_scene = [examples.draw_examples(Random(1), scene) for scene in batch.scenes]
    flat = [example for scene_examples in by_scene for example in scene_examples]
    tokens = TokenBatcher(to_input, PATCHES).batch(flat)
    stage = AnswerTraining(
        model, patch_labels.PatchHeads(32), TokenBatcher(to_input, PATCHES), batch
    )
    with torch.no_grad():
        images = stage._encode_images(batch, len(by_scene[0]))
        logits, _ = model_passes.answer_logits(model, tokens, images.features)
    compared = 0
    for row, example in enumerate(flat):
        if not example.answer:  # the processor treats an empty suffix as none
            continue
        inputs = to_input(
            images=Image.fromarray(batch.images[row // len(by_scene[0])]),
            text=f"<image>{example.prompt}",
            suffix=example.answer,
            return_tensors="pt",
        )
        labels = inputs.pop("labels")[0]
        positions = (labels != -100).nonzero()[:, 0]
        with torch.no_grad():
            expected = model(**inputs).logits[0][positions - 1]
        assert torch.equal(labels[positions], tokens.targets[tokens.rows == row])
        torch.testing.assert_close(logits[tokens.rows == row], expected, atol=ERROR, rtol=0)
        compared += 1
    assert compared > 20


def test_every_prompt_of_a_job_is_trained() -> None:
    scene = draw_scene(7, 0)
    asked = {
        example.prompt
        for seed in range(60)
        for example in examples.draw_examples(Random(seed), scene)
    }
    assert {f"caption {language}" for language in words.LANGUAGES} | {"ocr"} <= asked
    assert f"detect {' ; '.join(words.SHAPES)}" in asked
    assert any(prompt.startswith("answer en is there a") for prompt in asked)


def test_boxes_are_rounded_to_the_pixel() -> None:
    scene = draw_scene(7, 0)
    answer = examples.detect(scene, words.SHAPES, SIDE).answer
    codes = [int(code) for code in re.findall(r"<loc(\d+)>", answer)]
    assert len(codes) == 4 * len(scene.things)
    for code in codes:
        assert code / 1023 * SIDE == pytest.approx(round(code / 1023 * SIDE), abs=0.03)
    edge = scene.things[0].box[1] / scene.height
    assert codes[0] / 1023 == pytest.approx(edge, abs=0.51 / SIDE)


def test_a_mask_has_sixteen_codes_of_its_shape() -> None:
    scene = draw_scene(7, 0)
    (label, *_) = (thing.label for thing in scene.things)
    answer = examples.segment(scene, label).answer
    codes = [int(code) for code in re.findall(r"<seg(\d+)>", answer)]
    assert codes[:16] == list(mask_codes.of(label))
    assert len({code for shape in words.SHAPES for code in mask_codes.of(shape)}) == 6 * 16 <= 128


def test_patch_labels_match_the_scene() -> None:
    scene = draw_scene(7, 3, Kind.PLAIN)
    labels = patch_labels.label_patches([scene], 8)
    thing = scene.things[0]
    left, top, right, bottom = thing.box
    column = int((left + right) / 2 / scene.width * 8)
    row = int((top + bottom) / 2 / scene.height * 8)
    shape, color, place, *_ = labels.classes[0, 8 * row + column].tolist()
    assert words.SHAPES[shape - 1] == thing.label
    assert list(words.COLORS)[color - 1] == thing.color
    assert place == 1
    expected = (top / scene.height, left / scene.width, bottom / scene.height, right / scene.width)
    assert labels.edges[0, 8 * row + column].tolist() == pytest.approx(expected, abs=1e-6)


def test_letters_lie_along_the_print() -> None:
    scenes = (draw_scene(7, index, Kind.PLAIN) for index in range(50))
    scene = next(scene for scene in scenes if len(set(scene.printed)) == len(scene.printed) > 3)
    letters = patch_labels.label_patches([scene], 32).classes[0, :, 4]
    read = "".join(chr(ord("A") + code - 1) for code in letters.tolist() if code)
    assert read == scene.printed


def test_the_grounding_loss_is_low_for_marks_on_named_shapes() -> None:
    head = GroundingHead(1)
    nn.init.ones_(head.linear.weight)
    nn.init.zeros_(head.linear.bias)
    places = torch.tensor([[0, 1, 2]] * 3)
    marked = [[0], None, [1]]  # the second prompt names no shape, so it does not count
    marks = torch.tensor([[-20.0, 20, -20], [20, -20, 20], [-20, -20, 20]])[..., None]
    assert head(marks, places, marked).item() < 1e-6
    assert head(-marks, places, marked).item() > 10
    assert head(marks, places, [None] * 3).item() == 0


class Line:
    """A tiny stage whose weights are compared: a line through the images' brightness."""

    name = "line"

    def __init__(self) -> None:
        torch.manual_seed(0)
        self._layer = nn.Linear(1, 1)
        self.modules: Mapping[str, tuple[nn.Module, float]] = {"layer": (self._layer, 1.0)}

    def loss(
        self, batch: SceneBatch, random: Random, done: float
    ) -> tuple[torch.Tensor, Mapping[str, float]]:
        bright = torch.from_numpy(batch.images.mean((1, 2, 3), dtype=np.float32) / 255)[:, None]
        return (self._layer(bright) - random.random() - done).square().mean(), {}

    def examine(self) -> Mapping[str, float]:
        return {}

    def weights(self) -> list[float]:
        return [*self._layer.weight.flatten().tolist(), *self._layer.bias.tolist()]


class TwoBatches:
    """A scene dataset of two batches, drawn once."""

    def __init__(self, batch: SceneBatch) -> None:
        self._drawn = batch

    def batch(self, step: int, size: int) -> SceneBatch:
        return self._drawn.part(step % 2 * size, (step % 2 + 1) * size)


def test_interrupted_training_gives_the_same_weights(tmp_path: Path, batch: SceneBatch) -> None:
    scenes: Any = TwoBatches(batch)
    schedule = training_loop.Schedule(12, batch=4, warm_up=2, report_every=4, snapshot_every=5)
    whole = Line()
    training_loop.train(whole, schedule, scenes, tmp_path / "whole.pt", lambda _: None)

    def stop() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        training_loop.train(
            Line(), schedule, scenes, tmp_path / "part.pt", lambda _: None, on_snapshot=stop
        )
    rest = Line()
    lines: list[str] = []
    training_loop.train(rest, schedule, scenes, tmp_path / "part.pt", lines.append)
    assert rest.weights() == whole.weights()
    assert lines[0].startswith("line 8/12")
