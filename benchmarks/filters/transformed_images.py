"""Measures how often images that were changed are found by their PDQ hashes.

    python -m benchmarks.filters.transformed_images

The images are photographs that scikit-image ships, cut into overlapping pieces. Each change of each
image is compared with the hashes of the originals. Prints the share that is found by
perceptual_hash_list, which compares eight flips and rotations, and by `shardmill duplicates`, which
compares images as they stand, and how often the latter finds another image by mistake. Needs
`pip install 'pdqhash>=0.2.8'`.
"""

import io
from collections.abc import Callable, Iterator, Mapping

import numpy as np
import typer
from PIL import Image, ImageDraw, ImageEnhance
from skimage import data

from filters.images.hamming_index import HammingIndex
from filters.images.pdq import LOWEST_QUALITY, flipped_hashes, load_pdqhash, pdq_hash

_MAX_DISTANCE = 31  # as the filter's default
_SIDE, _STEP = 256, 64  # pixels of a piece, and between pieces


def _recompressed(image: Image.Image, quality: int) -> Image.Image:
    encoded = io.BytesIO()
    image.save(encoded, "JPEG", quality=quality)
    return Image.open(encoded)


def _cropped(image: Image.Image, share: float) -> Image.Image:
    margin = round(image.width * share / 2)
    return image.crop((margin, margin, image.width - margin, image.height - margin))


def _written_over(image: Image.Image) -> Image.Image:
    image = image.copy()
    ImageDraw.Draw(image).text((20, 110), "a caption in white letters", "white", font_size=20)
    return image


CHANGES: Mapping[str, Callable[[Image.Image], Image.Image]] = {
    "none": lambda image: image,
    "half as wide and high": lambda image: image.resize((image.width // 2, image.height // 2)),
    "twice as wide and high": lambda image: image.resize((image.width * 2, image.height * 2)),
    "JPEG at quality 75": lambda image: _recompressed(image, 75),
    "JPEG at quality 20": lambda image: _recompressed(image, 20),
    "flipped": lambda image: image.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
    "rotated by 90 degrees": lambda image: image.transpose(Image.Transpose.ROTATE_90),
    "gray": lambda image: image.convert("L").convert("RGB"),
    "a third brighter": lambda image: ImageEnhance.Brightness(image).enhance(1.33),
    "a line of text over it": _written_over,
    "cropped by 2 %": lambda image: _cropped(image, 0.02),
    "cropped by 5 %": lambda image: _cropped(image, 0.05),
    "cropped by 10 %": lambda image: _cropped(image, 0.1),
    "rotated by 5 degrees": lambda image: image.rotate(5),
}


def _pieces() -> Iterator[Image.Image]:
    for photograph in (data.astronaut(), data.coffee(), data.chelsea(), data.rocket()):
        height, width = photograph.shape[:2]
        for top in range(0, height - _SIDE + 1, _STEP):
            for left in range(0, width - _SIDE + 1, _STEP):
                yield Image.fromarray(photograph[top : top + _SIDE, left : left + _SIDE])


def main() -> None:
    """Print a table: each change, and the share of images that are found after it."""
    pdqhash = load_pdqhash("this benchmark")
    images, hashes = [], []
    for piece in _pieces():
        digest, quality = pdq_hash(np.asarray(piece), pdqhash)
        if quality > LOWEST_QUALITY:
            images.append(piece)
            hashes.append(np.frombuffer(digest, np.uint8))
    print(f"{len(images)} images")
    listed = HammingIndex(np.stack(hashes), _MAX_DISTANCE)
    print(f"{'':<28}{'hash list':>12}{'duplicates':>12}{'mistaken':>12}")
    for name, change in CHANGES.items():
        found = grouped = mistaken = 0
        for number, image in enumerate(images):
            changed = np.asarray(change(image))
            found += listed.has_near(flipped_hashes(changed, pdqhash)[0])
            digest, quality = pdq_hash(changed, pdqhash)
            differ = np.bitwise_count(np.frombuffer(digest, np.uint8) ^ np.stack(hashes))
            is_near = differ.sum(axis=1, dtype=int) <= _MAX_DISTANCE
            is_near &= quality > LOWEST_QUALITY
            grouped += is_near[number]
            is_near[number] = False
            mistaken += is_near.any()
        shares = (f"{100 * count / len(images):10.1f} %" for count in (found, grouped, mistaken))
        print(f"{name:<28}{''.join(shares)}")


if __name__ == "__main__":
    typer.run(main)
