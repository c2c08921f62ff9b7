"""A damaged TIFF writes nothing to stderr."""

import io
import os
import random

import numpy as np
import pytest
from PIL import Image

from pipelines.config.input import Limits
from pipelines.images.image import DecodeOptions, EncodedImage, ImageFault

DAMAGES = 60


@pytest.mark.parametrize("compression", ["group4", "tiff_lzw", "tiff_deflate", "jpeg"])
def test_damaged_tiffs_are_silent(compression: str, capfd: pytest.CaptureFixture[str]) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (64, 64), np.uint8)
    encoded = io.BytesIO()
    image = Image.fromarray(pixels).convert("1" if compression == "group4" else "RGB")
    image.save(encoded, "TIFF", compression=compression)
    damage = random.Random(compression)
    faults = 0
    for _ in range(DAMAGES):
        data = bytearray(encoded.getvalue())
        for _ in range(4):
            data[damage.randrange(len(data))] ^= 1 << damage.randrange(8)
        try:
            EncodedImage.open(bytes(data), Limits()).decode(DecodeOptions(None, frames=1))
        except ImageFault:
            faults += 1
    os.write(2, b"the test reads stderr\n")
    assert capfd.readouterr().err == "the test reads stderr\n"
    assert faults > 0
