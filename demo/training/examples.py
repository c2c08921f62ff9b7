"""Training examples of a scene: prompts and the expected answers."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from random import Random
from typing import NamedTuple

from demo.scenes import mask_codes, words
from demo.scenes.picture import Thing
from demo.scenes.questions import ask
from demo.scenes.scenes import Scene
from inference.families.paligemma import locations
from inference.tasks.detections import Box, Detection

_QUESTIONS = ("count", "presence", "presence", "color", "color")


class Example(NamedTuple):
    """One prompt, without `<image>` and newline, and its answer."""

    task: str  # one of the keys of TOKEN_WEIGHTS
    prompt: str
    answer: str
    named: Collection[int] | None = None  # positions of shapes that the prompt names, from the left
    meant: Collection[int] | None = None  # of those that it means, where it names others


def draw_examples(random: Random, scene: Scene, pixels: int | None = None) -> list[Example]:
    """Draw five examples: a caption, boxes, two questions, and print, masks or other boxes.

    Most prompts name shapes, because looking for just these takes longest to learn. With `pixels`,
    box edges are rounded to that many steps along a side.
    """
    return [
        caption(scene, random.choice(words.LANGUAGES)),
        detect(scene, choose_labels(random, scene), pixels),
        further(random, scene, pixels),
        *(question(random, scene) for _ in range(2)),
    ]


def caption(scene: Scene, language: words.Language) -> Example:
    return Example("caption", f"caption {language}", scene.caption(language))


def ocr(scene: Scene) -> Example:
    return Example("ocr", "ocr", scene.printed)


def detect(scene: Scene, labels: Sequence[str], pixels: int | None = None) -> Example:
    """The boxes of these labels, from left to right; the answer is empty if there are none."""
    answer = locations.write(_detections(scene, labels, pixels), scene.width, scene.height)
    return Example("detect", f"detect {' ; '.join(labels)}", answer, positions(scene, labels))


def segment(scene: Scene, label: str, pixels: int | None = None) -> Example:
    """The boxes and masks of one label."""
    detections = _detections(scene, [label], pixels)
    masked = [replace(detection, codes=mask_codes.of(label)) for detection in detections]
    answer = locations.write(masked, scene.width, scene.height)
    return Example("segment", f"segment {label}", answer, positions(scene, [label]))


def choose_labels(random: Random, scene: Scene) -> Sequence[str]:
    """Choose a prompt's labels: sometimes all shapes, else one to three, often a present one."""
    if random.random() < 0.3:
        return words.SHAPES
    chosen = random.sample(words.SHAPES, random.randint(1, 3))
    present = [thing.label for thing in scene.things if thing.label not in chosen]
    if present and random.random() < 0.5:
        chosen[0] = random.choice(present)
    return chosen


def further(random: Random, scene: Scene, pixels: int | None) -> Example:
    """Print, masks or boxes."""
    chance = random.random()
    if chance < 0.4:
        return ocr(scene)
    if chance < 0.7:
        return segment(scene, random.choice(choose_labels(random, scene)), pixels)
    return detect(scene, choose_labels(random, scene), pixels)


def _detections(scene: Scene, labels: Sequence[str], pixels: int | None) -> Sequence[Detection]:
    return [
        Detection(thing.label, round_box(thing, scene, pixels) if pixels else Box(*thing.box))
        for thing in scene.things
        if thing.label in labels
    ]


def positions(scene: Scene, labels: Collection[str]) -> Collection[int]:
    """The positions of the shapes with these labels, from the left."""
    return [number for number, thing in enumerate(scene.things) if thing.label in labels]


def round_box(thing: Thing, scene: Scene, pixels: int) -> Box:
    """The box with its edges rounded to `pixels` steps along either side."""
    sides = (scene.width, scene.height) * 2
    return Box(
        *(
            round(edge / side * pixels) / pixels * side
            for edge, side in zip(thing.box, sides, strict=True)
        )
    )


def question(random: Random, scene: Scene) -> Example:
    """A question about the scene."""
    asked, answer = ask(random, scene.things, _QUESTIONS)
    names = [label for label in words.SHAPES if label in asked.rstrip("?").split()]
    named = positions(scene, names) if names else None
    return Example("answer", f"answer en {asked}", answer, named)
