"""Tests decoding: orientation, limits, transparency, color modes, frames and damaged bytes."""

import io
import itertools
import struct
import tracemalloc
import zlib
from collections.abc import Iterable
from contextlib import suppress
from typing import Any, cast

import numpy as np
import pytest
import skimage.data
from hypothesis import example, given, reject
from hypothesis import strategies as st
from PIL import Image, ImageOps
from support.sample_data import encoded, jpeg, picture

from pipelines.config.input import Limits
from pipelines.config.video import evenly_spaced
from pipelines.images import DecodeOptions, EncodedImage, ImageFault
from pipelines.images.frames import count_frames, count_gif_frames
from schemas.generation import ImageSpec

ROOM = 10_000_000  # pixels; more than any image here
ORIENTATION = 0x0112


def opened(data: bytes, max_pixels: int = ROOM) -> EncodedImage:
    return EncodedImage.open(data, Limits(max_pixels=max_pixels))


def fault(data: bytes, max_pixels: int = ROOM) -> ImageFault:
    with pytest.raises(ImageFault) as caught:
        opened(data, max_pixels).upright().pixels()
    return caught.value


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
def test_images_are_rotated_upright(format: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    data = encoded(picture(40, 24), format, exif=exif)
    upright = ImageOps.exif_transpose(Image.open(io.BytesIO(data)))
    image = opened(data)
    assert (image.width, image.height) == upright.size
    assert upright.size == ((24, 40) if orientation > 4 else (40, 24))
    np.testing.assert_array_equal(image.upright().pixels(), upright)


@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_an_invalid_orientation_changes_nothing(orientation: int) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    image = opened(jpeg(40, 24, exif=exif))
    assert (image.width, image.height) == (40, 24)
    assert image.upright().pixels().shape == (24, 40, 3)


@pytest.mark.filterwarnings("ignore:Corrupt EXIF:UserWarning")
def test_damaged_exif_data_do_not_make_an_image_invalid() -> None:
    data = jpeg(40, 24, exif=b"Exif\0\0XX*\0\x08\0\0\0")
    np.testing.assert_array_equal(opened(data).upright().pixels(), Image.open(io.BytesIO(data)))


@pytest.mark.parametrize(
    ("size", "min_side", "decoded"),
    [
        ((256, 256), None, (256, 256)),
        ((256, 256), 129, (256, 256)),
        ((256, 256), 128, (128, 128)),
        ((256, 256), 65, (128, 128)),
        ((256, 256), 64, (64, 64)),
        ((256, 256), 32, (32, 32)),
        ((256, 256), 1, (32, 32)),
        ((257, 1000), 128, (129, 500)),
        ((1000, 128), 128, (1000, 128)),
        ((60, 60), 224, (60, 60)),
    ],
)
def test_reduced_decoding_uses_the_smallest_scale_that_covers_min_side(
    size: tuple[int, int], min_side: int | None, decoded: tuple[int, int]
) -> None:
    image = opened(jpeg(*size))
    assert (image.width, image.height) == size
    assert image.upright(min_side).pixels().shape == (*decoded[::-1], 3)


def test_reduced_decoding_keeps_the_image_upright() -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    image = opened(jpeg(400, 240, exif=exif))
    assert (image.width, image.height) == (240, 400)
    assert image.upright(100).pixels().shape == (200, 120, 3)


@pytest.mark.parametrize("format", ["PNG", "WEBP", "GIF", "TIFF", "BMP", "AVIF"])
def test_formats_without_scales_are_decoded_in_full(format: str) -> None:
    data = encoded(picture(256, 256), format)
    reduced, exact = opened(data).upright(32), opened(data).upright()
    np.testing.assert_array_equal(reduced.pixels(), exact.pixels())


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP", "AVIF"])
def test_the_limit_on_pixels_is_inclusive(format: str) -> None:
    data = encoded(picture(40, 24), format)
    assert opened(data, 960).upright().pixels().shape == (24, 40, 3)
    assert fault(data, 959).reason == "image_too_many_pixels"


def test_a_decompression_bomb_is_refused_by_its_header() -> None:
    def chunk(kind: bytes, content: bytes) -> bytes:
        check = zlib.crc32(kind + content)
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", check)

    side = 30_000
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    pixels = zlib.compress(bytes(1 << 20))
    bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels)
    bomb += chunk(b"IEND", b"")
    tracemalloc.start()
    try:
        assert fault(bomb, side * side - 1).reason == "image_too_many_pixels"
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()
    assert opened(bomb, side * side).width == side


def directory(entries: Iterable[tuple[int, int, int, int]], content: bytes) -> bytes:
    """Return a TIFF of one directory, followed by the content.

    An entry is (tag, type, number, value); the value -1 stands for the offset of the content.
    """
    entries = list(entries)
    start = 8 + 2 + 12 * len(entries) + 4
    packed = [
        struct.pack("<HHII", tag, kind, number, start if value < 0 else value)
        for tag, kind, number, value in entries
    ]
    head = b"II*\0" + struct.pack("<IH", 8, len(entries))
    return head + b"".join(packed) + bytes(4) + content


# Width, height, bits, no compression, black is 0, offset of the pixels, rows, bytes.
_PLAIN = [(256, 4), (257, 4), (258, 8), (259, 1), (262, 1), (273, -1), (278, 4), (279, 16)]
PLAIN = [(tag, 4, 1, value) for tag, value in _PLAIN]
OVERLAPPING = [
    (1000 + number, 7, 500_000, -1) for number in range(200)
]  # all refer to the same bytes


def with_exif(format: str) -> bytes:
    """Return an image with 0.5 MB of EXIF data whose entries claim 100 MB in total."""
    exif = directory(OVERLAPPING, bytes(500_000))
    if format == "TIFF":
        return directory([*PLAIN, *OVERLAPPING], bytes(500_000))
    if format != "JPEG":
        return encoded(picture(9, 9), format, exif=exif)
    pieces = [exif[start : start + 65_000] for start in range(0, len(exif), 65_000)]
    segments = [struct.pack(">2sH6s", b"\xff\xe1", 8 + len(p), b"Exif\0\0") + p for p in pieces]
    data = jpeg(9, 9)
    # Without the JFIF segment, Pillow looks for the resolution in EXIF.
    return data[:2] + b"".join(segments) + data[20:]


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_overlapping_metadata_take_no_memory(format: str) -> None:
    data = with_exif(format)
    tracemalloc.start()
    try:
        with suppress(ImageFault):
            opened(data).upright().pixels()
        assert tracemalloc.get_traced_memory()[1] < 8 << 20
    finally:
        tracemalloc.stop()


def test_a_tile_larger_than_the_image_counts_towards_the_limit() -> None:
    tiled = [*PLAIN[:5], (322, 4, 1, 64), (323, 4, 1, 32), (324, 4, 1, -1), (325, 4, 1, 2048)]
    data = directory(tiled, bytes(2048))
    assert opened(data, 2048).upright().pixels().shape == (4, 4, 3)
    assert fault(data, 2047).reason == "image_too_many_pixels"


WHITE, RED, BLUE = (255, 255, 255), (255, 0, 0), (0, 0, 255)


def transparent(mode: str) -> tuple[Image.Image, dict[str, Any]]:
    """Return a transparent blue pixel beside a red one, and the options to save them with."""
    image = Image.new("RGBA", (2, 1), (*BLUE, 0))
    image.putpixel((1, 0), (*RED, 255))
    if mode == "RGBA":
        return image, {}
    image = image.convert("RGB")
    if mode == "RGB":
        return image, {"transparency": BLUE}
    image = image.quantize(2)
    return image, {"transparency": image.getpixel((0, 0))}


@pytest.mark.parametrize(
    ("mode", "format"),
    [
        ("RGBA", "PNG"),
        ("RGBA", "WEBP"),
        ("RGBA", "TIFF"),
        ("RGB", "PNG"),
        ("P", "PNG"),
        ("P", "GIF"),
    ],
)
def test_transparent_pixels_become_white(mode: str, format: str) -> None:
    image, options = transparent(mode)
    if format == "WEBP":
        options = {"lossless": True, "exact": True}
    data = encoded(image, format, **options)
    assert opened(data).upright().pixels().tolist() == [[list(WHITE), list(RED)]]


def test_half_transparent_pixels_are_mixed_with_white() -> None:
    data = encoded(Image.new("LA", (1, 1), (0, 128)), "PNG")
    assert opened(data).upright().pixels().tolist() == [[[127, 127, 127]]]


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "CMYK"])
def test_opaque_modes_convert_to_rgb_like_pillow(mode: str) -> None:
    data = encoded(picture(20, 10).convert(mode), "TIFF")
    expected = Image.open(io.BytesIO(data)).convert("RGB")
    np.testing.assert_array_equal(opened(data).upright().pixels(), expected)


def gray(values: Any, dtype: type, format: str, **options: Any) -> Any:
    """Decode a deep gray image; check that its channels are equal and return one of them."""
    image = Image.fromarray(np.array(values, dtype))
    decoded = opened(encoded(image, format, **options)).upright().pixels()
    assert (decoded == decoded[..., :1]).all()
    return decoded[..., 0].tolist()


@pytest.mark.parametrize("format", ["PNG", "TIFF"])
def test_16_bit_values_are_scaled_not_clipped(format: str) -> None:
    assert gray([[0, 255, 256, 32768, 65535]], np.uint16, format) == [[0, 0, 1, 128, 255]]


def test_a_transparent_16_bit_value_becomes_white() -> None:
    assert gray([[0, 4096, 65535]], np.uint16, "PNG", transparency=4096) == [[0, 255, 255]]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([[0.0, 0.5, 1.0]], [[0, 128, 255]]),
        ([[0.0, 0.5, 2.0]], [[0, 0, 2]]),
        ([[0.0, 256.0, 512.0]], [[0, 1, 2]]),
        ([[0.0, 70000.0, 140000.0]], [[0, 128, 255]]),
        ([[-2.0, 0.0, 2.0]], [[0, 128, 255]]),
        ([[np.nan, np.inf, -np.inf, 1.0]], [[0, 0, 0, 255]]),
        ([[np.nan, np.nan]], [[0, 0]]),
        ([[-3.0, -3.0]], [[0, 0]]),
    ],
)
def test_floats_are_scaled_over_the_smallest_range_that_contains_them(
    values: Any, expected: Any
) -> None:
    assert gray(values, np.float32, "TIFF") == expected


def test_32_bit_integers_are_scaled_over_the_smallest_range_that_contains_them() -> None:
    assert gray([[0, 7, 255]], np.int32, "TIFF") == [[0, 7, 255]]
    assert gray([[-100, 0, 100]], np.int32, "TIFF") == [[0, 128, 255]]


def test_only_adobes_cmyk_is_inverted_in_jpegs() -> None:
    ink = Image.new("CMYK", (16, 16), (10, 200, 30, 0))
    marked = encoded(ink, "JPEG", quality=100)
    start = marked.index(b"\xff\xee")  # Adobe's marker, then its length
    end = start + 2 + int.from_bytes(marked[start + 2 : start + 4], "big")
    unmarked = marked[:start] + marked[end:]
    shown = np.asarray(ink.convert("RGB")).astype(int)
    negative = np.asarray(Image.fromarray(255 - np.asarray(ink), "CMYK").convert("RGB")).astype(int)
    assert abs(opened(marked).upright().pixels() - shown).max() <= 2
    assert abs(opened(unmarked).upright().pixels() - negative).max() <= 2


def test_unusual_color_spaces_are_refused() -> None:
    assert fault(encoded(Image.new("LAB", (4, 4)), "TIFF")).reason == "image_mode_unsupported"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not an image",
        b"\xff\xd8\xff",
        b"GIF89a",
        b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>',
        b"8BPS\0\1" + bytes(100),
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n",
        encoded(Image.new("RGB", (9, 9)), "EPS"),
        encoded(Image.new("RGB", (9, 9)), "PPM"),
        encoded(Image.new("RGB", (9, 9)), "ICO"),
    ],
)
def test_other_data_and_unsupported_formats_are_refused(data: bytes) -> None:
    refused = fault(data)
    assert refused.reason == "image_undecodable"
    assert refused.error == "UnidentifiedImageError"


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF"])
def test_a_cut_image_is_refused(format: str) -> None:
    data = encoded(picture(64, 64), format)
    cut = "image_truncated" if format in ("JPEG", "PNG", "GIF") else "image_undecodable"
    assert fault(data[: len(data) * 7 // 8]).reason == cut


ANIMATED = {"WEBP": {"lossless": True}, "GIF": {}, "PNG": {}, "TIFF": {}, "AVIF": {"quality": 99}}


def animation(format: str, frames: int, side: int = 12) -> bytes:
    """Return an animation whose frames each have a different single color."""
    first, *others = [Image.new("RGB", (side, side), (0, 0, 5 * n)) for n in range(frames)]
    return encoded(first, format, save_all=True, append_images=others, **ANIMATED[format])


@pytest.mark.parametrize("format", ANIMATED)
@pytest.mark.parametrize("frames", [1, 2, 3, 9, 20])
def test_frames_are_counted_and_sampled_including_first_and_last(format: str, frames: int) -> None:
    image = opened(animation(format, frames))
    assert image.num_frames == frames
    decoded = image.decode(DecodeOptions(ImageSpec(4), frames=3))
    expected = sorted({0, (frames - 1) // 2, frames // 2, frames - 1})
    numbers = [round(frame[..., 2].mean() / 5) for frame in decoded.frames]
    assert numbers[0] == 0
    assert numbers[-1] == frames - 1
    assert len(numbers) == min(frames, 3)
    assert set(numbers) <= set(expected)
    assert decoded.model_images[0].shape == (4, 4, 3)
    assert decoded.model_images[0].max() <= 2  # the model image shows the first frame


@pytest.mark.parametrize("format", ["JPEG", "BMP", *ANIMATED])
def test_a_still_image_has_one_frame(format: str) -> None:
    image = opened(encoded(picture(9, 9), format))
    assert image.num_frames == 1
    assert len(image.decode(DecodeOptions(ImageSpec(4), frames=8)).frames) == 1


def test_frames_are_decoded_only_where_they_are_requested() -> None:
    data = animation("GIF", 3)
    assert opened(data[:-40]).decode(DecodeOptions(ImageSpec(4))).frames == ()
    with pytest.raises(ImageFault, match="image_undecodable"):
        opened(data[:-40]).decode(DecodeOptions(ImageSpec(4), frames=8))


@given(st.integers(1, 2000), st.integers(1, 20))
def test_sampled_frames_are_spread_evenly(number: int, most: int) -> None:
    chosen = evenly_spaced(number, most)
    assert len(chosen) == min(number, most)
    assert chosen[0] == 0
    if most > 1:
        assert chosen[-1] == number - 1
        gaps = {after - before for before, after in itertools.pairwise(chosen)}
        assert not gaps or max(gaps) - min(gaps) <= 1


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        (Limits(max_pixels=144, max_frames=3, max_animation_pixels=432), ""),
        (Limits(max_pixels=143, max_frames=3, max_animation_pixels=432), "image_too_many_pixels"),
        (Limits(max_pixels=144, max_frames=2, max_animation_pixels=432), "image_too_many_frames"),
        (Limits(max_pixels=144, max_frames=3, max_animation_pixels=431), "image_too_many_pixels"),
    ],
)
@pytest.mark.parametrize("format", ANIMATED)
def test_limits_of_animations_are_inclusive(format: str, limits: Limits, reason: str) -> None:
    data = animation(format, 3)
    if reason:
        with pytest.raises(ImageFault, match=reason):
            EncodedImage.open(data, limits)
    else:
        assert EncodedImage.open(data, limits).num_frames == 3


def test_counting_pages_stops_at_the_limit() -> None:
    """Pillow's own count goes through all pages, in time quadratic in their number."""
    first, *others = [picture(9, 9, seed) for seed in range(30)]
    data = encoded(first, "TIFF", save_all=True, append_images=others)
    with pytest.raises(ImageFault, match="image_too_many_frames"):
        EncodedImage.open(data, Limits(max_pixels=ROOM, max_frames=20))
    with Image.open(io.BytesIO(data)) as image:
        assert [count_frames(image, data, most) for most in (1, 20, 30, 31)] == [1, 20, 30, 30]
        assert image.tell() == 0


def test_a_page_larger_than_the_first_counts_towards_the_limit() -> None:
    first, large = picture(9, 9), picture(90, 90)
    data = encoded(first, "TIFF", save_all=True, append_images=[large])
    assert [
        f.shape[0] for f in opened(data).decode(DecodeOptions(ImageSpec(4), frames=2)).frames
    ] == [9, 90]
    with pytest.raises(ImageFault, match="image_too_many_pixels"):
        opened(data, 81 * 2).decode(DecodeOptions(ImageSpec(4), frames=2))


def test_a_second_image_appended_to_a_jpeg_is_no_frame() -> None:
    data = encoded(picture(9, 9), "MPO", save_all=True, append_images=[picture(9, 9, 1)])
    assert opened(data).num_frames == 1


@given(st.integers(1, 5), st.integers(0, 3000))
def test_gif_frames_are_counted_like_pillow(frames: int, cut: int) -> None:
    first, *others = [picture(30, 30, seed) for seed in range(frames)]
    content = encoded(first, "GIF", save_all=True, append_images=others)
    content = content[: max(len(content) - cut, 900)]  # after the header and its color table
    try:
        expected = cast(Any, Image.open(io.BytesIO(content))).n_frames
    except IndexError:  # Pillow raises it where a frame's header is cut
        reject()
    assert count_gif_frames(content, 100) == expected
    assert count_gif_frames(content, 2) == min(expected, 2)


def test_a_frame_that_enlarges_the_canvas_is_refused_before_it_takes_memory() -> None:
    frames = [picture(30, 30, seed) for seed in range(4)]
    content = bytearray(encoded(frames[0], "GIF", save_all=True, append_images=frames[1:]))
    second = content.index(b"," + bytes(4) + bytes([30, 0, 30, 0]), 900)
    content[second + 5 : second + 9] = b"\xff" * 4  # 65,535 pixels a side: 17 GB as RGBA
    image = opened(bytes(content))
    assert image.num_frames == 4
    with pytest.raises(ImageFault, match="image_too_many_pixels"):
        image.decode(DecodeOptions(ImageSpec(4), frames=2))


@pytest.mark.parametrize("name", ["astronaut", "coffee", "chelsea", "rocket", "camera", "page"])
@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP"])
def test_photographs_decode_like_pillow(name: str, format: str) -> None:
    data = encoded(Image.fromarray(getattr(skimage.data, name)()), format)
    expected = Image.open(io.BytesIO(data)).convert("RGB")
    image = opened(data)
    assert (image.width, image.height) == expected.size
    np.testing.assert_array_equal(image.upright().pixels(), expected)


@pytest.mark.parametrize("size", [(300, 200), (56, 56), (20, 90), (1, 1)])
def test_fit_resizes_like_pillow(size: tuple[int, int]) -> None:
    image = picture(*size)
    expected = image.resize((56, 56), Image.Resampling.BICUBIC)
    np.testing.assert_array_equal(
        opened(encoded(image, "PNG")).upright().fit(ImageSpec(56)), expected
    )


UNDAMAGED = {
    "JPEG": jpeg(40, 24, exif=Image.Exif().tobytes() + b"\0" * 8),
    "PNG": encoded(picture(40, 24), "PNG"),
    "WEBP": encoded(picture(40, 24), "WEBP"),
    "GIF": encoded(picture(40, 24), "GIF"),
    "TIFF": encoded(picture(40, 24), "TIFF", compression="tiff_lzw"),
}


@pytest.mark.filterwarnings("ignore::UserWarning")
@given(
    st.sampled_from(sorted(UNDAMAGED)),
    st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), max_size=6),
    st.integers(1, 4000),
)
@example("JPEG", [], 4000)
def test_damaged_bytes_raise_only_image_faults(
    format: str, changes: list[tuple[int, int]], end: int
) -> None:
    data = bytearray(UNDAMAGED[format])
    for place, value in changes:
        data[place % len(data)] = value
    with suppress(ImageFault):
        image = opened(bytes(data[:end]))
        assert image.width * image.height > 0
        assert image.upright().pixels().shape == (image.height, image.width, 3)
