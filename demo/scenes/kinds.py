"""The kinds of scenes and their shares: most are plain, some are there for the filters."""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from random import Random


class Kind(StrEnum):
    """What makes a scene special."""

    PLAIN = "plain"
    TINY = "tiny"  # too small to learn from
    ELONGATED = "elongated"
    PLACARD = "placard"  # the forbidden placard, a stand-in for a pornographic image
    PERSONAL_TEXT = "personal_text"  # made-up personal data in the alternative text
    PERSONAL_KEY = "personal_key"  # made-up personal data in the key
    PERSONAL_PICTURE = "personal_picture"  # made-up personal data printed in the image
    INSULT = "insult"  # a mild one, made up, in the alternative text
    CORRUPT = "corrupt"  # the image cannot be decoded
    DUPLICATE = "duplicate"  # the bytes of an earlier image
    FLIPPED = "flipped"  # an earlier image, mirrored


SHARES: Mapping[Kind, float] = {  # share of all scenes; the sum is 1
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
    """The kind of a scene, without drawing it; the first scene is plain."""
    if index == 0:
        return Kind.PLAIN
    random = Random(f"{seed}/{index}/kind")
    return random.choices(list(SHARES), weights=list(SHARES.values()))[0]


def plain_before(seed: int, index: int) -> Iterator[int]:
    """The indices of earlier plain scenes, which a duplicate can repeat, the nearest first."""
    return (earlier for earlier in range(index - 1, -1, -1) if kind_of(seed, earlier) is Kind.PLAIN)
