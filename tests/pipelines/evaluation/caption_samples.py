"""Captions with references, for which coco-caption's code gave the values in the tests."""

from pipelines.evaluation.metrics.metric import Scored

SAMPLES = (
    Scored(
        "A man's dog isn't sitting on the red couch.",
        ("A dog sits on a red couch.", "The man's dog is on the couch!", "dog on couch"),
    ),
    Scored(
        "two people riding bikes down a street",
        ("Two people ride bikes down the street.", "People riding bicycles, in a city (Paris)."),
    ),
    Scored("a a a a a", ("a cat and a dog and a bird", "An animal")),
    Scored(
        "The U.S. flag flies over a 3-story building at 5:30 p.m. -- it's windy",
        ("A flag flies over a building.", "It's a windy day; the U.S. flag flies over a building"),
    ),
    Scored("a red stop sign", ("a red stop sign", "a stop sign that is red")),
    Scored("cannot see anything", ("Nothing can be seen", "it's too dark")),
    Scored("", ("a plate of food", "food on a white plate")),
    Scored(
        "a group of people standing on top of a snow covered slope with skis on their feet today",
        ("people on skis", "A group of skiers stands on a slope"),
    ),
)
