"""Decoding in another process gives the same pixels, and outlives what hangs or kills it."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from support.hanging_decoders import HANGS, KILLS, hanging_python_path
from support.sample_data import encoded, jpeg, picture

from pipelines.images import Caps, Decoding, EncodedImage, ImageFault, IsolatedDecoder

CAPS = Caps(100_000)
DECODING = Decoding(16, covering=16, frames=3)


@pytest.fixture
def decoder(monkeypatch: pytest.MonkeyPatch) -> Iterator[IsolatedDecoder]:
    """Its process meets pictures that hang or kill it by their widths."""
    path = hanging_python_path(Path(__file__).parents[3])
    monkeypatch.setenv("PYTHONPATH", path)
    # Which spawned processes are given.
    monkeypatch.setattr(sys, "path", [*path.split(os.pathsep), *sys.path])
    made = IsolatedDecoder(CAPS, seconds=1)
    yield made
    made.close()


def test_the_same_as_in_this_process(decoder: IsolatedDecoder) -> None:
    frames = [picture(20, 10, seed) for seed in range(3)]
    animation = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    for data in (jpeg(100, 80), animation):
        here, there = EncodedImage.open(data, CAPS), decoder.open(data)
        assert (there.width, there.height, there.num_frames) == (
            here.width,
            here.height,
            here.num_frames,
        )
        expected, found = here.decode(DECODING), there.decode(DECODING)
        np.testing.assert_array_equal(found.picture, expected.picture)
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
    decoder: IsolatedDecoder, data: bytes, reason: str
) -> None:
    with pytest.raises(ImageFault, match=reason):
        decoder.open(data).decode(DECODING)
    assert decoder.open(jpeg(100, 80)).decode(DECODING).picture.shape == (16, 16, 3)
