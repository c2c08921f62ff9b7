"""The third training stage words prompts as jobs do, and trains all its tasks."""

from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
import torch
from transformers import PaliGemmaForConditionalGeneration

from demo.scenes import words
from demo.scenes.clips import DIRECTIONS, draw_clip
from demo.scenes.kinds import Kind
from demo.scenes.pairs import compare
from demo.scenes.picture import Thing
from demo.scenes.referring import refer
from demo.scenes.regions import box_around
from demo.scenes.scenes import draw_scene
from demo.training import checkpoint, clip_dataset, later_examples, scene_dataset, tokenizer
from demo.training.architecture import configuration, processor
from demo.training.later_training import LaterTraining
from demo.training.token_batches import TokenBatcher

SIDE, PATCH = 32, 16
THINGS = (
    Thing("star", "red", (0, 0, 20, 20)),
    Thing("circle", "blue", (40, 0, 60, 20)),
    Thing("star", "green", (80, 0, 99, 20)),
)


def test_a_phrase_means_one_shape_or_none() -> None:
    """Checks each phrase by its words alone."""
    meant: set[bool] = set()
    for seed in range(400):
        phrase, target, anchor = refer(Random(seed), THINGS)
        if anchor is None:
            found = [n for n, each in enumerate(THINGS) if f"{each.color} {each.label}" == phrase]
        else:
            noun, side, _, _, color, label = phrase.split()
            (at,) = (
                n for n, each in enumerate(THINGS) if (each.color, each.label) == (color, label)
            )
            others = range(at) if side == "left" else range(at + 1, len(THINGS))
            found = [n for n in others if noun in ("shape", THINGS[n].label)]
            assert at == anchor
        assert found == ([] if target is None else [target])
        meant.add(bool(found))
    assert meant == {True, False}


def test_pairs_have_every_answer_and_true_ones() -> None:
    sides = (THINGS, THINGS[:2], THINGS[1:2])
    answers = set()
    for seed in range(200):
        random = Random(seed)
        left, right = random.choice(sides), random.choice(sides)
        question, answer = compare(random, left, right)
        answers.add(answer)
        if question.startswith("which"):
            more = len(left) - len(right)
            assert answer == ("left" if more > 0 else "right" if more < 0 else "same")
        else:
            label = question.split()[3]
            in_both = all(label in [each.label for each in things] for things in (left, right))
            assert answer == ("yes" if in_both else "no")
    assert answers == {"left", "right", "same", "yes", "no"}


def test_a_shape_moves_as_its_clip_says() -> None:
    seen = set()
    for index in range(24):
        clip = draw_clip(7, index)
        first, last = (np.asarray(clip.frames[end], np.int16) for end in (0, -1))
        color = np.array(words.COLORS[clip.color])
        middles = [
            np.argwhere(np.abs(frame - color).max(axis=-1) < 8).mean(axis=0)
            for frame in (first, last)
        ]
        down, right = middles[1] - middles[0]
        moved = {"left": -right, "right": right, "up": -down, "down": down}
        assert max(moved, key=lambda way: moved[way]) == clip.direction
        seen.add(clip.direction)
    assert seen == set(DIRECTIONS)


def test_a_region_holds_its_shape() -> None:
    scene = draw_scene(7, 0, Kind.PLAIN)
    for seed in range(20):
        box = box_around(Random(seed), scene.things[0], scene)
        left, top, right, bottom = scene.things[0].box
        assert 0 <= box.x_min <= left
        assert 0 <= box.y_min <= top
        assert right <= box.x_max <= scene.width
        assert bottom <= box.y_max <= scene.height


def test_later_words_are_tokens_after_all_others() -> None:
    earlier, later = tokenizer.tokens(), tokenizer.tokens(later=True)
    assert later[: len(earlier)] == earlier
    split = tokenizer.build(later=True)
    scenes = [draw_scene(7, index, Kind.PLAIN) for index in range(8)]
    random = Random(0)
    prompts = [
        *(later_examples.phrase(random, scene, SIDE) for scene in scenes),
        *(later_examples.pair(random, scene, scenes[0]) for scene in scenes),
        *later_examples.clip_examples(draw_clip(7, 0)),
    ]
    for example in prompts:
        text = example.prompt.replace("?", " ?")
        assert len(split(text)["input_ids"]) == len(text.split()), text


@pytest.fixture(scope="module")
def model() -> Any:
    """An untrained, tiny model of the demo's architecture."""
    tokens = tokenizer.build(later=True)
    config = configuration(
        tokens, image_size=SIDE, patch_size=PATCH, vision_layers=1, vision_width=32, text_width=32
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return PaliGemmaForConditionalGeneration(config)


def test_a_step_trains_the_model_for_all_tasks(model: Any) -> None:
    to_input = processor(tokenizer.build(later=True), model.config)
    scenes = scene_dataset.draw(7, 0, 10, SIDE)
    clips = clip_dataset.draw(7, 8, SIDE)
    batcher = TokenBatcher(to_input, (SIDE // PATCH) ** 2)
    stage = LaterTraining(model, batcher, clips, scenes, clips)
    loss, figures = stage.loss(scenes, Random(0), 0.0)
    loss.backward()  # type: ignore[no-untyped-call]
    assert {"scenes", "pairs", "clips", "named", "meant", "lines"} == set(figures)
    assert all(value > 0 for value in figures.values())
    modules = [module for module, _ in stage.modules.values()]
    assert all(weight.grad is not None for each in modules for weight in each.parameters())
    tasks = {"phrase", "region", "box", "pair", "clip", "clip caption"}
    assert tasks < set(stage.examine())


def test_a_checkpoint_with_fewer_tokens_is_continued(model: Any, tmp_path: Path) -> None:
    config = configuration(
        tokenizer.build(),
        image_size=SIDE,
        patch_size=PATCH,
        vision_layers=1,
        vision_width=32,
        text_width=32,
    )
    earlier: Any = PaliGemmaForConditionalGeneration(config)
    earlier.save_pretrained(tmp_path)
    own = model.model.language_model.embed_tokens.weight
    last = own[-1].clone()
    checkpoint.load_weights(model, tmp_path)
    assert torch.equal(own[: len(tokenizer.tokens())], earlier.get_input_embeddings().weight)
    assert torch.equal(own[-1], last)
