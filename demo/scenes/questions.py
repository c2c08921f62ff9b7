"""Questions with one short answer about a scene."""

from collections.abc import Sequence
from random import Random

from demo.scenes import words
from demo.scenes.picture import Thing

KINDS = ("count", "presence", "color")


def ask(random: Random, things: Sequence[Thing], kinds: Sequence[str] = KINDS) -> tuple[str, str]:
    """A random question of one of the kinds about the things, and its answer."""
    labels = [thing.label for thing in things]
    single = [thing for thing in things if labels.count(thing.label) == 1]
    kind = random.choice(kinds)
    if kind == "color" and single:
        thing = random.choice(single)
        return f"what colour is the {thing.label}?", thing.color
    if kind == "presence":
        label = random.choice(random.choice((labels or words.SHAPES, words.SHAPES)))
        return f"is there a {label}?", "yes" if label in labels else "no"
    return "how many shapes are there?", str(len(things))
