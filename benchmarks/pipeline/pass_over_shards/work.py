"""Defines the work that every contender does on a pair, and a model that answers at once."""

import hashlib
import io
import os
from collections.abc import Mapping
from typing import Any

from PIL import Image

SIDE = 224  # pixels; side of the model's square input
MIN_SIDE, MAX_ASPECT = 64, 3.0  # limits of images, as in the filter image_size
MIN_WORDS, MAX_WORDS = 2, 512  # limits of texts, as in the filter text_quality
ANSWER = "a photograph"
ANSWERED = "SHARDMILL_BENCHMARK_ANSWERED"  # names a file that grows by a byte for each image

Row = dict[str, object]


def size_passes(width: int, height: int) -> bool:
    return min(width, height) >= MIN_SIDE and max(width, height) <= MAX_ASPECT * min(width, height)


def words_pass(text: str) -> bool:
    return MIN_WORDS <= len(text.split()) <= MAX_WORDS


def annotate_pair(key: str, text: str, image: bytes, metadata: Mapping[str, Any]) -> Row | None:
    """Filter a pair, decode in full, resize (bicubic), hash and answer; None if it is dropped."""
    opened = Image.open(io.BytesIO(image))
    if not size_passes(*opened.size) or not words_pass(text):
        return None
    resized = opened.convert("RGB").resize((SIDE, SIDE), Image.Resampling.BICUBIC)
    return {
        "key": key,
        "text": text,
        "url": metadata["url"],
        "width": opened.width,
        "height": opened.height,
        "sha256": hashlib.sha256(image).hexdigest(),
        "caption": answer(resized),
    }


def answer(image: Image.Image) -> str:
    """Answer an image of [SIDE, SIDE]; only its size is checked."""
    assert image.size == (SIDE, SIDE)
    count_answered(1)
    return ANSWER


def count_answered(images: int) -> None:
    """Append a byte per image to the file that ANSWERED names, if set; processes may share it."""
    if path := os.environ.get(ANSWERED):
        with open(path, "ab", buffering=0) as file:
            file.write(bytes(images))
