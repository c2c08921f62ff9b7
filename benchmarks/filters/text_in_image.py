"""Measures how often text_in_image finds an e-mail address that is rendered into an image.

Run `python -m benchmarks.filters.text_in_image`. The addresses are made up, the font is Pillow's
own, and each cell has 3 images of 800 x 800 pixels with a colored background.
"""

import random
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from filters import PersonalData, TextInImage
from schemas.resources import Resources
from schemas.sample import RGB, Sample

_SIZES = (10, 14, 20, 32, 64)  # pixels, of the font
_ANGLES = (0, 15, 45, 90, 180)  # degrees
_IMAGES = 3
_NAMES = ("anna", "peter", "maria", "john", "olga", "kim", "luis", "emma", "noah", "yara")


def picture(seed: int, size: int, angle: int) -> RGB:
    """Render an address and a line without personal data: [800, 800, 3]."""
    drawn = random.Random(seed)
    background = tuple(drawn.randrange(150, 256) for _ in range(3))
    image = Image.new("RGB", (800, 800), background)
    font = ImageFont.load_default(size)
    address = f"{drawn.choice(_NAMES)}{drawn.randrange(100)}@mail.example.org"
    draw = ImageDraw.Draw(image)
    draw.text((150, 330), "A quiet garden", (0, 0, 90), font)
    draw.text((150, 400), address, (0, 0, 0), font)
    return np.asarray(image.rotate(angle, fillcolor=background, resample=Image.Resampling.BICUBIC))


def _open(path: str) -> BinaryIO:
    return Path(path).open("rb")


def main() -> None:
    """Print the share of images in which the address was found, as a table."""
    stage = TextInImage(filters=(PersonalData(),))
    judge = stage.load(Resources(open=_open))
    print("| font, pixels |", " | ".join(f"{angle}°" for angle in _ANGLES), "|")
    print("|---|" + "---|" * len(_ANGLES))
    for size in _SIZES:
        shares = []
        for angle in _ANGLES:
            frames = [picture(seed, size, angle) for seed in range(_IMAGES)]
            items = [Sample("s", 0, {}, b"", 800, 800, (frame,)) for frame in frames]
            found = sum(bool(verdict.boxes) for verdict in judge.judge(items))
            shares.append(f"{found}/{_IMAGES}")
        print(f"| {size} |", " | ".join(shares), "|", flush=True)


if __name__ == "__main__":
    main()
