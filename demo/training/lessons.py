"""What the model is asked about a scene in training, and what it should answer."""

from collections.abc import Sequence
from dataclasses import replace
from random import Random
from typing import NamedTuple

from demo.scenes import mask_codes, words
from demo.scenes.picture import Thing
from demo.scenes.questions import ask
from demo.scenes.scenes import Scene
from inference.families.paligemma import locations
from inference.tasks.detections import Box, Detection

_QUESTIONS = ("count", "presence", "presence", "colour", "colour")


class Exercise(NamedTuple):
    """One prompt, without `<image>` and newline, and its answer."""

    task: str  # caption, ocr, detect, segment or answer
    prompt: str
    answer: str
    names: Sequence[str] = ()  # the shapes that the prompt names


def exercises(random: Random, scene: Scene, pixels: int | None = None) -> list[Exercise]:
    """A caption, two questions, boxes, and the print, masks or other boxes: one image's part.

    What takes longest to learn is asked most: to look for just what the prompt names. With
    `pixels`, boxes are told to the nearest of so many along a side.
    """
    return [
        caption(scene, random.choice(words.LANGUAGES)),
        detect(scene, labels(random, scene), pixels),
        _further(random, scene, pixels),
        *(_question(random, scene) for _ in range(2)),
    ]


def caption(scene: Scene, language: words.Language) -> Exercise:
    return Exercise("caption", f"caption {language}", scene.caption(language))


def ocr(scene: Scene) -> Exercise:
    return Exercise("ocr", "ocr", scene.printed)


def detect(scene: Scene, asked: Sequence[str], pixels: int | None = None) -> Exercise:
    """The things of these labels, from left to right; the empty answer where there are none."""
    answer = locations.write(_found(scene, asked, pixels), scene.width, scene.height)
    return Exercise("detect", f"detect {' ; '.join(asked)}", answer, asked)


def segment(scene: Scene, label: str, pixels: int | None = None) -> Exercise:
    """The things of one label with their masks."""
    found = _found(scene, [label], pixels)
    masked = [replace(each, codes=mask_codes.of(label)) for each in found]
    answer = locations.write(masked, scene.width, scene.height)
    return Exercise("segment", f"segment {label}", answer, [label])


def labels(random: Random, scene: Scene) -> Sequence[str]:
    """What to look for: at times all shapes, else one to three, often one that is there."""
    if random.random() < 0.3:
        return words.SHAPES
    asked = random.sample(words.SHAPES, random.randint(1, 3))
    there = [thing.label for thing in scene.things if thing.label not in asked]
    if there and random.random() < 0.5:
        asked[0] = random.choice(there)
    return asked


def _further(random: Random, scene: Scene, pixels: int | None) -> Exercise:
    chance = random.random()
    if chance < 0.4:
        return ocr(scene)
    if chance < 0.7:
        return segment(scene, random.choice(labels(random, scene)), pixels)
    return detect(scene, labels(random, scene), pixels)


def _found(scene: Scene, asked: Sequence[str], pixels: int | None) -> Sequence[Detection]:
    return [
        Detection(thing.label, _snapped(thing, scene, pixels) if pixels else Box(*thing.box))
        for thing in scene.things
        if thing.label in asked
    ]


def _snapped(thing: Thing, scene: Scene, pixels: int) -> Box:
    """The box to the nearest of `pixels` along either side."""
    sides = (scene.width, scene.height) * 2
    return Box(
        *(
            round(edge / side * pixels) / pixels * side
            for edge, side in zip(thing.box, sides, strict=True)
        )
    )


def _question(random: Random, scene: Scene) -> Exercise:
    question, answer = ask(random, scene.things, _QUESTIONS)
    names = [label for label in words.SHAPES if label in question.rstrip("?").split()]
    return Exercise("answer", f"answer en {question}", answer, names)
