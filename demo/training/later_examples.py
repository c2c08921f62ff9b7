"""Training examples of phrases, regions, pairs and clips: prompts and the expected answers."""

from random import Random

from demo.scenes import words
from demo.scenes.clips import Clip
from demo.scenes.pairs import compare
from demo.scenes.picture import Thing
from demo.scenes.referring import refer
from demo.scenes.regions import box_around
from demo.scenes.scenes import Scene
from demo.training.examples import (
    Example,
    caption,
    choose_labels,
    detect,
    further,
    question,
    round_box,
)
from inference.families.paligemma import locations, prompts
from inference.tasks.detections import Detection
from inference.tasks.intents import (
    AnswerQuestion,
    DescribeImage,
    DescribeRegion,
    LocateObjects,
    Region,
)

REGION_QUESTION = "what is in the box?"
_PHRASES = 7  # about a scene of several shapes, because a phrase tells one of them from the others


def scene_examples(random: Random, scene: Scene, pixels: int) -> list[Example]:
    """Draw examples: two of the earlier stage, phrases, and a region in tokens."""
    return [
        caption(scene, random.choice(words.LANGUAGES)),
        _earlier(random, scene, pixels),
        *(phrase(random, scene, pixels) for _ in range(_PHRASES if len(scene.things) > 1 else 1)),
        *([region(random, scene)] if scene.things else []),
    ]


def phrase(random: Random, scene: Scene, pixels: int) -> Example:
    """The box of what a phrase refers to; the answer is empty if that is nothing."""
    text, target, anchor = refer(random, scene.things)
    meant = [] if target is None else [target]
    found = [Detection(text, round_box(scene.things[each], scene, pixels)) for each in meant]
    answer = locations.write(found, scene.width, scene.height)
    prompt = prompts.prompt(LocateObjects((text,)))
    if anchor is None:
        return Example("phrase", prompt, answer, named=meant, meant=meant)
    return Example("phrase", prompt, answer, named=[anchor], meant=meant)


def region(random: Random, scene: Scene) -> Example:
    """The caption of a shape whose box is written in the prompt."""
    position = random.randrange(len(scene.things))
    thing = scene.things[position]
    box = Region(box_around(random, thing, scene), scene.width, scene.height)
    prompt = prompts.prompt(DescribeRegion(box))
    return Example("region", prompt, describe(thing), named=[position], meant=[position])


def drawn_box(position: int, thing: Thing) -> Example:
    """The question about a shape whose box is drawn in the image."""
    prompt = prompts.prompt(AnswerQuestion(REGION_QUESTION, "en"))
    return Example("box", prompt, describe(thing), named=[position], meant=[position])


def pair(random: Random, left: Scene, right: Scene) -> Example:
    """A question that compares two scenes."""
    asked, answer = compare(random, left.things, right.things)
    return Example("pair", prompts.prompt(AnswerQuestion(asked, "en")), answer)


def clip_examples(clip: Clip) -> list[Example]:
    """The question and the caption of a clip."""
    return [
        Example("clip", prompts.prompt(AnswerQuestion(clip.question, "en")), clip.direction),
        Example("clip caption", prompts.prompt(DescribeImage("short", "en")), clip.caption),
    ]


def describe(thing: Thing) -> str:
    return words.name("en", thing.color, thing.label)


def _earlier(random: Random, scene: Scene, pixels: int) -> Example:
    chance = random.random()
    if chance < 1 / 3:
        return detect(scene, choose_labels(random, scene), pixels)
    return further(random, scene, pixels) if chance < 2 / 3 else question(random, scene)
