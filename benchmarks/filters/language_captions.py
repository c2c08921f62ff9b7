"""Captions in known languages: written by hand, and put together from parts of sentences.

`captions/<language>.txt` has hand-written captions, one a line. Files of supported languages have
three blocks: short, medium and long captions. The thresholds of the language detection were chosen
by the lines with even numbers, counted from 0 in each block; the lines with odd numbers are held
out. `caption_parts/<language>.txt` has, on six lines, subjects, actions, places, clauses, goods and
headlines about goods, for thousands of captions with other words.
"""

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, NamedTuple

LENGTHS = ("short", "medium", "long")
_HERE = Path(__file__).parent
_UNSPACED = ("zh", "ja")


class Caption(NamedTuple):
    language: str  # an ISO 639 code, or hi-Latn
    length: str
    text: str


def written(part: Literal["tuned", "held out"]) -> Iterator[Caption]:
    """Yield the hand-written captions of one half; those of unsupported languages are medium."""
    for path in sorted((_HERE / "captions").glob("*.txt")):
        blocks = path.read_text(encoding="utf-8").strip().split("\n\n")
        for length, block in zip(LENGTHS if len(blocks) > 1 else LENGTHS[1:], blocks, strict=False):
            for text in block.split("\n")[part == "held out" :: 2]:
                yield Caption(path.stem, length, text)


def generated(count: int, seed: int = 0) -> Iterator[Caption]:
    """Yield `count` captions of each length in each supported language."""
    for path in sorted((_HERE / "caption_parts").glob("*.txt")):
        parts = [line.split("; ") for line in path.read_text(encoding="utf-8").splitlines()]
        random_ = random.Random(f"{path.stem} {seed}")
        for length in LENGTHS:
            for _ in range(count):
                yield Caption(path.stem, length, _caption(path.stem, parts, length, random_))


def _caption(language: str, parts: list[list[str]], length: str, random_: random.Random) -> str:
    subject, action, place, clause, goods, headline = map(random_.choice, parts)
    space = "" if language in _UNSPACED else " "
    if random_.random() < 0.3:
        text = headline.format(goods)
        text = {"short": goods, "medium": text, "long": f"{text}{space}{place}{clause}"}[length]
        if language not in _UNSPACED and length == "long":
            text = f"{headline.format(goods)}, {subject} {action}"
    else:
        order = (place, subject, action) if language == "ja" else (subject, action, place)
        sentence = {"short": (subject, place), "medium": order[-2:], "long": order}[length]
        text = space.join(sentence) + (space + clause if length == "long" else "")
    text = text[0].upper() + text[1:] if random_.random() < 0.7 else text
    return text + random_.choice(("", "", ".", " 2019", " - 12 x 18 cm", " | Foto 3"))
