"""The kinds of scenes, and how often each is drawn: most are plain, some are there to be caught."""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from random import Random


class Kind(StrEnum):
    """What is particular about a scene."""

    PLAIN = "plain"
    TINY = "tiny"  # too small to learn from
    ELONGATED = "elongated"
    PLACARD = "placard"  # shows the forbidden placard, which stands for a pornographic image
    PERSONAL_TEXT = "personal_text"  # made-up personal data in the alternative text,
    PERSONAL_KEY = "personal_key"  # in the key,
    PERSONAL_PICTURE = "personal_picture"  # printed in the image
    INSULT = "insult"  # a mild one, made up, in the alternative text
    CORRUPT = "corrupt"  # the image cannot be decoded
    DUPLICATE = "duplicate"  # the very bytes of an earlier image
    FLIPPED = "flipped"  # an earlier image in the mirror


SHARES: Mapping[Kind, float] = {  # of all scenes; they sum to 1
    Kind.PLAIN: 0.66,
    Kind.TINY: 0.03,
    Kind.ELONGATED: 0.04,
    Kind.PLACARD: 0.06,
    Kind.PERSONAL_TEXT: 0.04,
    Kind.PERSONAL_KEY: 0.02,
    Kind.PERSONAL_PICTURE: 0.04,
    Kind.INSULT: 0.03,
    Kind.CORRUPT: 0.02,
    Kind.DUPLICATE: 0.03,
    Kind.FLIPPED: 0.03,
}


def kind_of(seed: int, index: int) -> Kind:
    """The kind of that scene, which needs no drawing to know; the first one is plain."""
    if index == 0:
        return Kind.PLAIN
    random = Random(f"{seed}/{index}/kind")
    return random.choices(list(SHARES), weights=list(SHARES.values()))[0]


def plain_before(seed: int, index: int) -> Iterator[int]:
    """The plain scenes that a duplicate can repeat, the nearest first."""
    return (earlier for earlier in range(index - 1, -1, -1) if kind_of(seed, earlier) is Kind.PLAIN)
