"""Tests that a decoder process gives the same pixels and is replaced when it hangs or dies."""

import os
import subprocess
import sys
from collections.abc import Iterator
from multiprocessing import Pipe
from pathlib import Path

import numpy as np
import pytest
from support.hanging_decoders import (
    HANGS,
    KILLED_ONCE,
    KILLS,
    MARKER,
    STOPPED_ONCE,
    hanging_python_path,
)
from support.sample_data import encoded, jpeg, picture

from pipelines.config.input import Limits
from pipelines.images import (
    DecodeOptions,
    DecoderProcess,
    EncodedImage,
    ImageFault,
    decoder_process,
)
from pipelines.images.decoder_process import _send
from schemas.errors import MachineFault
from schemas.generation import ImageSpec

LIMITS = Limits(max_pixels=100_000, max_decode_seconds=0.5)
OPTIONS = DecodeOptions(ImageSpec(16), min_side=16, frames=3)


@pytest.fixture
def decoder(monkeypatch: pytest.MonkeyPatch) -> Iterator[DecoderProcess]:
    """A decoder whose process hangs or dies on images of certain widths."""
    path = hanging_python_path(Path(__file__).parents[3])
    monkeypatch.setenv("PYTHONPATH", path)
    # Spawned processes inherit this path.
    monkeypatch.setattr(sys, "path", [*path.split(os.pathsep), *sys.path])
    process = DecoderProcess(LIMITS)
    yield process
    process.close()


def test_decoding_gives_the_same_as_in_this_process(decoder: DecoderProcess) -> None:
    frames = [picture(20, 10, seed) for seed in range(3)]
    animation = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    for data in (jpeg(100, 80), animation):
        here, there = EncodedImage.open(data, LIMITS), decoder.open(data)
        assert (there.width, there.height, there.num_frames) == (
            here.width,
            here.height,
            here.num_frames,
        )
        expected, decoded = here.decode(OPTIONS), there.decode(OPTIONS)
        np.testing.assert_array_equal(decoded.model_images[0], expected.model_images[0])
        for pair in zip(decoded.frames, expected.frames, strict=True):
            np.testing.assert_array_equal(*pair)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"none", "image_undecodable"),
        (jpeg(400, 300), "image_too_many_pixels"),
        (jpeg(100, 80)[:-400], "image_truncated"),
        (jpeg(HANGS, 80), "image_decoder_hung"),
        (jpeg(KILLS, 80), "image_decoder_died"),
    ],
)
def test_a_fault_names_its_reason_and_the_next_image_is_decoded(
    decoder: DecoderProcess, data: bytes, reason: str
) -> None:
    with pytest.raises(ImageFault, match=reason):
        decoder.open(data).decode(OPTIONS)
    assert decoder.open(jpeg(100, 80)).decode(OPTIONS).model_images[0].shape == (16, 16, 3)


@pytest.mark.parametrize("width", [KILLED_ONCE, STOPPED_ONCE])
def test_a_process_lost_once_does_not_cost_its_image(
    decoder: DecoderProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    marker = tmp_path / "lost"
    monkeypatch.setenv(MARKER, str(marker))
    expected = EncodedImage.open(jpeg(width, 80), LIMITS)
    decoded = decoder.open(jpeg(width, 80)).decode(OPTIONS)
    assert marker.exists()
    np.testing.assert_array_equal(decoded.model_images[0], expected.decode(OPTIONS).model_images[0])


def test_a_process_killed_between_two_images_costs_none(decoder: DecoderProcess) -> None:
    image = decoder.open(jpeg(100, 80))
    assert decoder._process is not None
    decoder._process.kill()
    assert image.decode(OPTIONS).model_images[0].shape == (16, 16, 3)


def test_a_process_that_does_not_start_is_the_machines_fault(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(decoder_process, "_serve", sys.exit)
    with pytest.raises(MachineFault, match="could not be started"):
        DecoderProcess(LIMITS).open(jpeg(100, 80))


UNGUARDED = """
from pipelines.config.input import Limits
from pipelines.images import DecoderProcess

DecoderProcess(Limits()).open(b"")
"""


class TooLarge:
    """An answer whose copy does not fit in memory."""

    def __reduce__(self) -> str:
        raise MemoryError


def test_an_answer_that_does_not_fit_in_memory_is_a_fault() -> None:
    here, there = Pipe()
    _send(there, TooLarge())
    answer = here.recv()
    assert isinstance(answer, ImageFault)
    assert answer.reason == "video_needs_memory"


def test_a_script_without_a_guard_is_told_to_add_one(tmp_path: Path) -> None:
    script = tmp_path / "unguarded.py"
    script.write_text(UNGUARDED)
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[3])}
    ended = subprocess.run(
        [sys.executable, script], env=environment, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 1
    last_line = ended.stderr.splitlines()[-1]
    assert "could not be started (worker_died_with_exit_code_1)" in last_line
    assert 'below `if __name__ == "__main__":`' in last_line
