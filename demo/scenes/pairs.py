"""Questions that compare two scenes."""

from collections.abc import Sequence
from random import Random

from demo.scenes import words
from demo.scenes.picture import Thing


def compare(random: Random, left: Sequence[Thing], right: Sequence[Thing]) -> tuple[str, str]:
    """Draw a question about two scenes, and its answer: yes or no, or left, right or same.

    Shapes of both images are asked for more often than they occur, so that yes is not rare.
    """
    labels = [{thing.label for thing in things} for things in (left, right)]
    both, one = labels[0] & labels[1], labels[0] ^ labels[1]
    if random.random() < (0.25 if both else 0.7):
        answer = (
            "same" if len(left) == len(right) else "left" if len(left) > len(right) else "right"
        )
        return "which image has more shapes?", answer
    some = both if both and random.random() < 0.75 else one or set(words.SHAPES)
    label = random.choice([each for each in words.SHAPES if each in some])
    return f"is there a {label} in both images?", "yes" if label in both else "no"
