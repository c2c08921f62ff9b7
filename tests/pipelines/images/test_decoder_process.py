"""Decoding in another process gives the same pixels, and outlives what hangs or kills it."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from support.hanging_decoders import HANGS, KILLS, hanging_python_path
from support.sample_data import encoded, jpeg, picture

from pipelines.config.input import Limits
from pipelines.images import DecodeOptions, DecoderProcess, EncodedImage, ImageFault
from schemas.generation import ImageSpec

LIMITS = Limits(max_pixels=100_000, max_decode_seconds=1)
OPTIONS = DecodeOptions(ImageSpec(16), min_side=16, frames=3)


@pytest.fixture
def decoder(monkeypatch: pytest.MonkeyPatch) -> Iterator[DecoderProcess]:
    """Its process meets pictures that hang or kill it by their widths."""
    path = hanging_python_path(Path(__file__).parents[3])
    monkeypatch.setenv("PYTHONPATH", path)
    # Which spawned processes are given.
    monkeypatch.setattr(sys, "path", [*path.split(os.pathsep), *sys.path])
    made = DecoderProcess(LIMITS)
    yield made
    made.close()


def test_the_same_as_in_this_process(decoder: DecoderProcess) -> None:
    frames = [picture(20, 10, seed) for seed in range(3)]
    animation = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    for data in (jpeg(100, 80), animation):
        here, there = EncodedImage.open(data, LIMITS), decoder.open(data)
        assert (there.width, there.height, there.num_frames) == (
            here.width,
            here.height,
            here.num_frames,
        )
        expected, found = here.decode(OPTIONS), there.decode(OPTIONS)
        np.testing.assert_array_equal(found.model_image, expected.model_image)
        for pair in zip(found.frames, expected.frames, strict=True):
            np.testing.assert_array_equal(*pair)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"none", "image_undecodable"),
        (jpeg(400, 300), "image_too_many_pixels"),
        (jpeg(100, 80)[:-400], "image_undecodable"),
        (jpeg(HANGS, 80), "image_decoder_hung"),
        (jpeg(KILLS, 80), "image_decoder_died"),
    ],
)
def test_faults_are_those_of_the_image_and_the_next_one_is_decoded(
    decoder: DecoderProcess, data: bytes, reason: str
) -> None:
    with pytest.raises(ImageFault, match=reason):
        decoder.open(data).decode(OPTIONS)
    assert decoder.open(jpeg(100, 80)).decode(OPTIONS).model_image.shape == (16, 16, 3)
