"""Tests that videos are opened, sampled and turned upright, and that hostile ones give a reason."""

import io
import struct
from collections.abc import Iterator

import numpy as np
import pytest
from PIL import Image
from support.sample_data import encoded, picture
from support.videos import (
    gray_frames,
    joined_videos,
    sound_only,
    video,
    with_matrix,
    without_frames,
)

from pipelines.config.input import Limits
from pipelines.config.video import VideoFrames
from pipelines.images import DecodedImage, DecodeOptions, DecoderProcess, ImageFault
from pipelines.images.animation import EncodedAnimation
from pipelines.images.video import EncodedVideo
from schemas.generation import ImageSpec
from schemas.sample import RGB

LIMITS = Limits(max_pixels=100_000, max_frames=40)
SPEC = ImageSpec(16)
EVENLY = VideoFrames(frames=4)
PLAIN = video(gray_frames(12))


def opened(data: bytes, sampling: VideoFrames = EVENLY, limits: Limits = LIMITS) -> EncodedVideo:
    return EncodedVideo.open(data, limits, sampling)


def decoded(data: bytes, sampling: VideoFrames = EVENLY, frames: int = 3) -> DecodedImage:
    return opened(data, sampling).decode(DecodeOptions(SPEC, frames=frames))


def numbers(frames: Iterator[RGB] | tuple[RGB, ...] | RGB) -> list[int]:
    """Return the numbers of frames that `gray_frames` made, from their gray."""
    return [round((float(each.mean()) - 20) / 5) for each in frames]


@pytest.mark.parametrize(
    ("container", "codec"),
    [
        ("mp4", "libx264"),
        ("mov", "mpeg4"),
        ("mp4", "libx265"),
        ("webm", "libvpx"),
        ("webm", "libvpx-vp9"),
        ("matroska", "libx264"),
        ("webm", "libsvtav1"),
    ],
)
def test_frames_are_counted_timed_and_sampled_in_every_codec(container: str, codec: str) -> None:
    found = opened(video(gray_frames(12), container, codec))
    assert (found.width, found.height, found.num_frames) == (64, 48, 12)
    assert (found.duration, found.fps) == (pytest.approx(1.2), pytest.approx(10))
    result = found.decode(DecodeOptions(SPEC, frames=3))
    assert [image.shape for image in result.model_images] == [(16, 16, 3)] * 4
    assert numbers(result.model_images) == [0, 4, 7, 11]
    assert numbers(result.frames) == [0, 6, 11]
    assert [each.shape for each in result.frames] == [(48, 64, 3)] * 3


@pytest.mark.parametrize(
    ("sampling", "expected"),
    [
        (VideoFrames(frames=3, stride=4), [0, 4, 8]),
        (VideoFrames(frames=2, stride=11), [0, 11]),
        (VideoFrames(frames=5, stride=5), [0, 5, 10, 0, 5]),  # repeated from the first on
        (VideoFrames(frames=3, stride=70), [0, 0, 0]),
        (VideoFrames(frames=14), [*range(12), 0, 1]),
        (VideoFrames(frames=1), [0]),
    ],
)
def test_strides_count_frames_and_short_videos_are_repeated(
    sampling: VideoFrames, expected: list[int]
) -> None:
    assert numbers(decoded(PLAIN, sampling).model_images) == expected


def test_only_what_is_asked_for_is_decoded() -> None:
    assert opened(PLAIN).decode(DecodeOptions(None)) == DecodedImage((), ())
    assert opened(PLAIN).decode(DecodeOptions(SPEC)).frames == ()
    assert decoded(PLAIN, frames=100).frames[11].shape == (48, 64, 3)


@pytest.mark.parametrize(
    ("matrix", "corner", "size"),
    [
        ((1, 0, 0, 1), (4, 4), (64, 48)),
        ((0, 1, -1, 0), (4, -4), (48, 64)),  # a phone held upright
        ((-1, 0, 0, -1), (-4, -4), (64, 48)),
        ((0, -1, 1, 0), (-4, 4), (48, 64)),
        ((-1, 0, 0, 1), (4, -4), (64, 48)),  # a mirror image
    ],
)
def test_a_turned_video_is_upright(
    matrix: tuple[int, int, int, int], corner: tuple[int, int], size: tuple[int, int]
) -> None:
    frame = np.zeros((48, 64, 3), np.uint8)
    frame[:10, :10] = 255  # the corner at the top left
    found = opened(with_matrix(video([frame, frame]), matrix))
    assert (found.width, found.height) == size
    first = found.decode(DecodeOptions(None, frames=1)).frames[0]
    assert first.shape == (size[1], size[0], 3)
    assert [(y, x) for y in (4, -4) for x in (4, -4) if first[y, x, 0] > 128] == [corner]


def test_variable_frame_rates_are_measured_by_the_times_of_frames() -> None:
    times = [0, 1, 2, 3, 10, 11, 12, 20, 30, 31, 32, 50]
    found = opened(video(gray_frames(12), "matroska", times=times))
    assert (found.num_frames, found.duration) == (12, pytest.approx(5.1))
    assert found.fps == pytest.approx(12 / 5.1)
    assert numbers(found.decode(DecodeOptions(None, frames=3)).frames) == [0, 6, 11]


def test_colors_of_8_and_10_bits_are_right_and_transparent_pixels_white() -> None:
    frame = np.full((48, 64, 4), (250, 20, 30, 255), np.uint8)
    frame[:, :32, 3] = 0
    color = frame[:, :, :3]
    deep = decoded(video([color], "mp4", pixel_format="yuv420p10le")).frames[0]
    full = decoded(video([color], "matroska", pixel_format="yuv444p")).frames[0]
    clear = video(
        [frame], "webm", "libvpx-vp9", pixel_format="yuva420p", metadata={"alpha_mode": "1"}
    )
    layer = decoded(clear).frames[0]
    for pixels in (deep, full, layer[:, 36:]):
        assert np.abs(pixels.astype(int) - (250, 20, 30)).max() <= 3
    assert (layer[:, :28] == 255).all()


def test_frames_may_change_their_size_within_the_limits() -> None:
    pieces = [
        video(gray_frames(5, width, height), "webm", "libvpx")
        for width, height in ((64, 48), (96, 80))
    ]
    changing = joined_videos(pieces)
    frames = decoded(changing).frames
    assert [each.shape for each in frames] == [(48, 64, 3), (48, 64, 3), (80, 96, 3)]
    small = Limits(max_pixels=4000)
    with pytest.raises(ImageFault, match="image_too_many_pixels"):
        opened(changing, limits=small).decode(DecodeOptions(SPEC))
    with pytest.raises(ImageFault, match="image_too_many_pixels"):
        opened(pieces[1], limits=small)


def test_sound_is_ignored() -> None:
    with_sound = video(gray_frames(12), "webm", "libvpx", with_audio=True)
    assert numbers(decoded(with_sound).frames) == [0, 6, 11]


def test_frames_for_filters_are_bounded_together() -> None:
    limits = Limits(max_animation_pixels=64 * 48 * 2)
    found = opened(PLAIN, limits=limits)
    assert len(found.decode(DecodeOptions(SPEC, frames=2)).frames) == 2
    with pytest.raises(ImageFault, match="image_too_many_pixels"):
        opened(PLAIN, limits=limits).decode(DecodeOptions(SPEC, frames=3))


WEBM = video(gray_frames(30), "webm", "libvpx")


def damaged(data: bytes, at: int) -> bytes:
    return data[:at] + bytes(each ^ 0x55 for each in data[at : at + 8]) + data[at + 8 :]


def lying_count(data: bytes, count: int) -> bytes:
    """Return an MP4 that states another number of frames."""
    at = data.index(b"stsz") + 12
    return data[:at] + struct.pack(">I", count) + data[at + 4 :]


def lying_duration(data: bytes) -> bytes:
    """Return an MP4 whose header states a duration of weeks."""
    at = data.index(b"mvhd") + 20
    return data[:at] + struct.pack(">I", 0x7FFFFFFF) + data[at + 4 :]


def fragment_with(count: int) -> bytes:
    """Return an MP4 of a few hundred bytes whose fragment states `count` frames."""
    whole = video(gray_frames(2), container_options={"movflags": "frag_keyframe+empty_moov"})
    at = whole.index(b"trun") + 4
    return whole[:at] + struct.pack(">II", 1, count) + whole[at + 8 :]


HOSTILE = {
    "cut mp4": (PLAIN[:-50], "image_truncated"),
    "cut in the header": (PLAIN[:100], "image_truncated"),
    "cut webm": (WEBM[: len(WEBM) * 2 // 3], "image_truncated"),
    "cut webm in its header": (WEBM[:100], "image_truncated"),
    "damaged frame": (damaged(PLAIN, PLAIN.index(b"mdat") + 720), "image_undecodable"),
    "damaged cluster": (damaged(WEBM, WEBM.index(b"\x1f\x43\xb6\x75") + 20), "image_undecodable"),
    "no video": (b"no video at all, but some text", "image_undecodable"),
    "empty": (b"", "image_undecodable"),
    "a playlist": (b"#EXTM3U\n#EXTINF:1,\n/etc/passwd\n", "image_undecodable"),
    "concat": (b"ffconcat version 1.0\nfile /etc/passwd\n", "image_undecodable"),
    "sound": (sound_only(), "video_stream_missing"),
    "sound in webm": (sound_only("webm"), "video_stream_missing"),
    "odd codec": (video(gray_frames(2), "matroska", "ffv1"), "video_codec_unsupported"),
    "motion JPEG": (
        video(gray_frames(2), "mov", "mjpeg", pixel_format="yuvj420p"),
        "video_codec_unsupported",
    ),
    "zero frames": (without_frames(), "video_without_frames"),
    "more frames than limits allow": (
        video(gray_frames(41, 16, 16), "webm", "libvpx"),
        "image_too_many_frames",
    ),
    "states billions of frames": (lying_count(PLAIN, 4_000_000_000), "image_undecodable"),
    "millions of frames": (fragment_with(1_000_000), "image_"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_video_has_a_reason(name: str, capfd: pytest.CaptureFixture[str]) -> None:
    data, reason = HOSTILE[name]
    with pytest.raises(ImageFault, match=reason):
        opened(data).decode(DecodeOptions(SPEC, frames=3))
    assert capfd.readouterr() == ("", "")


def test_the_header_is_not_believed() -> None:
    for data in (lying_duration(PLAIN), lying_count(PLAIN, 13)):
        found = opened(data)
        assert (found.num_frames, found.duration) == (12, pytest.approx(1.2))


def test_a_very_wide_video_is_decoded_or_refused_by_its_pixels() -> None:
    wide = video(gray_frames(2, 16_384, 16), "webm", "libvpx-vp9")
    with pytest.raises(ImageFault, match="image_too_many_pixels"):
        opened(wide)
    found = opened(wide, limits=Limits())
    assert (found.width, found.height) == (16_384, 16)
    assert numbers(found.decode(DecodeOptions(None, frames=2)).frames) == [0, 1]


def animation(format: str) -> bytes:
    frames = [Image.fromarray(each) for each in gray_frames(6)]
    file = io.BytesIO()
    frames[0].save(
        file, format, save_all=True, append_images=frames[1:], duration=200, lossless=True
    )
    return file.getvalue()


@pytest.mark.parametrize("format", ["GIF", "WEBP", "PNG"])
def test_an_animated_image_is_a_video(format: str) -> None:
    found = EncodedAnimation.open(animation(format), LIMITS, VideoFrames(frames=8, stride=2))
    assert (found.width, found.height, found.num_frames) == (64, 48, 6)
    assert (found.duration, found.fps) == (pytest.approx(1.2), pytest.approx(5))
    result = found.decode(DecodeOptions(SPEC, frames=3))
    assert numbers(result.model_images) == [0, 2, 4, 0, 2, 4, 0, 2]
    assert numbers(result.frames) == [0, 2, 5]


def test_a_still_image_is_a_video_of_one_frame() -> None:
    found = EncodedAnimation.open(encoded(picture(20, 10), "PNG"), LIMITS, EVENLY)
    assert (found.num_frames, found.duration, found.fps) == (1, None, None)
    images = found.decode(DecodeOptions(SPEC)).model_images
    assert all((image == images[0]).all() for image in images)


@pytest.mark.faults
def test_a_process_decodes_videos_within_its_memory() -> None:
    decoder = DecoderProcess(Limits(max_decode_seconds=60), EVENLY)
    try:
        with pytest.raises(ImageFault, match="video_needs_memory"):
            decoder.open(fragment_with(100_000_000))
        found = decoder.open(PLAIN)
        here = opened(PLAIN)
        assert (found.num_frames, found.duration, found.fps) == (12, here.duration, here.fps)
        options = DecodeOptions(SPEC, frames=3)
        np.testing.assert_array_equal(
            found.decode(options).model_images, here.decode(options).model_images
        )
        assert decoder.open(animation("GIF")).num_frames == 6
    finally:
        decoder.close()
