"""Phrases that refer to one shape of a scene: by its color, or by its side of another shape."""

from collections.abc import Sequence
from random import Random
from typing import NamedTuple

from demo.scenes import words
from demo.scenes.picture import Thing

ABSENT_SHARE = 0.25  # of the phrases, which refer to nothing


class Referred(NamedTuple):
    """A phrase, and the positions from the left of the shapes that it is about."""

    phrase: str
    target: int | None  # None: no shape is meant
    anchor: int | None = None  # the other shape that the phrase names


def refer(random: Random, things: Sequence[Thing]) -> Referred:
    """Draw a phrase: `red star`, `star left of the blue circle`, `shape right of the red cross`.

    A phrase means one shape or none.
    """
    if len(things) > 1 and random.random() < 0.6:
        return _beside(random, things)
    return _by_color(random, things)


def _by_color(random: Random, things: Sequence[Thing]) -> Referred:
    names = [(thing.color, thing.label) for thing in things]
    target = random.randrange(len(things)) if things else None
    if target is not None and random.random() >= ABSENT_SHARE:
        color, label = names[target]
        return Referred(f"{color} {label}", target)
    # Mostly a color or a shape of the picture, so that both count.
    color, label = random.choice(names) if names else ("", "")
    absent = [
        (other_color, other_label)
        for other_color in words.COLORS
        for other_label in words.SHAPES
        if (other_color, other_label) not in names
        and (not names or other_color == color or other_label == label)
    ]
    return Referred(" ".join(random.choice(absent)), None)


def _beside(random: Random, things: Sequence[Thing]) -> Referred:
    """A phrase such as `star left of the blue circle`; no two shapes have the same color."""
    choices: list[tuple[Referred, bool]] = []
    for anchor, thing in enumerate(things):
        for side, others in (("left", range(anchor)), ("right", range(anchor + 1, len(things)))):
            labels = [other.label for number, other in enumerate(things) if number != anchor]
            for noun in dict.fromkeys(("shape", *labels)):
                meant = [other for other in others if noun in ("shape", things[other].label)]
                if len(meant) <= 1:
                    phrase = f"{noun} {side} of the {thing.color} {thing.label}"
                    referred = Referred(phrase, meant[0] if meant else None, anchor)
                    choices.append((referred, bool(meant)))
    wants_one = random.random() >= ABSENT_SHARE
    return random.choice([referred for referred, has_one in choices if has_one == wants_one])
