"""Generate synthetic photographs with captions as shards; the same seed gives the same bytes."""

import io
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image
from webdataset import TarWriter

SIZE = (640, 480)  # pixels, width and height
DISTINCT = 200  # photographs; larger shards repeat them
QUALITY = 90  # JPEG quality; the files have 60 to 120 kB
# Waves across the width, and amplitude in brightness, of each layer: light, forms, textures.
_LAYERS = ((3, 80), (8, 40), (24, 22), (80, 12), (200, 8))
_TINT = 0.3  # share of a layer that differs between the color channels
_TEXT = "a photograph of the old harbour wall with boats, light rain and one red roof"

Pixels = npt.NDArray[np.float32]


def photographs(number: int = DISTINCT, size: tuple[int, int] = SIZE) -> list[bytes]:
    """Return JPEGs of smooth light, textures of several scales and sensor noise."""
    return [_encoded(_photograph(seed, size)) for seed in range(number)]


def write_shard(path: Path, images: Sequence[bytes], samples: int, first: int = 0) -> Path:
    """Write a tar of `samples` pairs with JSON, repeating the images; keys count from `first`."""
    words = _TEXT.split()
    with path.open("wb") as file, TarWriter(file, encoder=False, user="", group="", mtime=0) as tar:
        for index in range(first, first + samples):
            key = f"{index:08}"
            metadata = {
                "url": f"https://example.com/{key}.jpg",
                "width": SIZE[0],
                "height": SIZE[1],
            }
            text = " ".join(words[: 5 + index % (len(words) - 4)])
            tar.write(
                {
                    "__key__": key,
                    "jpg": images[index % len(images)],
                    "txt": text.encode(),
                    "json": json.dumps(metadata).encode(),
                }
            )
    return path


def _photograph(seed: int, size: tuple[int, int]) -> Image.Image:
    random = np.random.default_rng(seed)
    width, height = size
    light = np.full((height, width, 3), 128, np.float32)
    for waves, amplitude in _LAYERS:
        cells = (waves * height // width + 2, waves + 2)
        shared = _smooth(random, cells, size)[:, :, None]
        tints = np.stack([_smooth(random, cells, size) for _ in range(3)], axis=2)
        light += amplitude * random.uniform(0.6, 1.4) * ((1 - _TINT) * shared + _TINT * tints)
    light += random.normal(0, random.uniform(4, 9), light.shape)
    return Image.fromarray(light.clip(0, 255).astype(np.uint8))


def _smooth(random: np.random.Generator, cells: tuple[int, int], size: tuple[int, int]) -> Pixels:
    """Return random values on a coarse grid, interpolated to [height, width]."""
    coarse = Image.fromarray(random.normal(size=cells).astype(np.float32))
    return np.asarray(coarse.resize(size, Image.Resampling.BICUBIC))


def _encoded(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "JPEG", quality=QUALITY)
    return file.getvalue()
