"""Images whose file ends early: their rows are counted, and accepted if they are enough."""

import struct
import zlib
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFile
from support.sample_data import encoded, picture

from pipelines.config.input import Limits
from pipelines.images import DecodeOptions, EncodedImage, ImageFault, UprightImage
from pipelines.images.cut_files import complete_file
from schemas.generation import ImageSpec

WIDTH, HEIGHT = 70, 90
Pixels = npt.NDArray[np.uint8]


def noise(mode: str = "RGB", width: int = WIDTH, height: int = HEIGHT) -> Image.Image:
    """Return an image with no two equal rows, so that compressed data are spread over all rows."""
    channels = len(Image.new(mode, (1, 1)).getbands())
    pixels = np.random.default_rng(0).integers(0, 256, (height, width, channels), np.uint8)
    return Image.fromarray(pixels.squeeze(), mode)


def upright(data: bytes, least: float = 1e-9, **options: Any) -> UprightImage:
    return EncodedImage.open(data, Limits()).upright(min_decoded_rows=least, **options)


def refusal(data: bytes, least: float | None) -> str:
    with pytest.raises(ImageFault) as caught:
        EncodedImage.open(data, Limits()).upright(min_decoded_rows=least)
    assert caught.value.error
    return caught.value.reason


def equal_rows(one: Pixels, other: Pixels) -> Pixels:
    return np.asarray((one == other).reshape(len(one), -1).all(axis=1))


JPEGS: dict[str, tuple[str, dict[str, Any]]] = {
    "4:2:0": ("RGB", {}),
    "4:4:4": ("RGB", {"subsampling": 0}),
    "gray": ("L", {}),
    "CMYK": ("CMYK", {}),
    "restarts": ("RGB", {"restart_marker_rows": 1}),
    "progressive": ("RGB", {"progressive": True}),
}


def as_jpeg(name: str) -> bytes:
    mode, options = JPEGS[name]
    return encoded(noise(mode), "JPEG", **options)


@pytest.mark.parametrize("name", JPEGS)
@pytest.mark.parametrize("missing", [1, 2])
def test_a_jpeg_without_its_last_two_bytes_has_all_rows(name: str, missing: int) -> None:
    data = as_jpeg(name)
    image = upright(data[:-missing], 1.0)
    assert (image.is_truncated, image.decoded_rows) == (True, 1.0)
    np.testing.assert_array_equal(image.pixels(), upright(data).pixels())


@pytest.mark.parametrize("name", JPEGS)
@pytest.mark.parametrize("share", [0.99, 0.8, 0.5, 0.2])
def test_rows_of_a_cut_jpeg_are_exactly_those_that_are_not_filled(name: str, share: float) -> None:
    data = as_jpeg(name)
    begin = data.index(b"\xff\xda")
    if name == "progressive":
        begin = data.rindex(b"\xff\xda")  # its last scan
    cut = data[: begin + 20 + int((len(data) - begin - 20) * share)]
    image = upright(cut)
    same = equal_rows(image.pixels(), upright(data).pixels())
    rows = round(image.decoded_rows * HEIGHT)
    assert same[:rows].all()
    assert image.is_truncated
    if name != "progressive":  # where rows after the cut have a lower quality, often to no effect
        assert not same[rows + 8 :].any()
        assert abs(rows - share * HEIGHT) < 0.1 * HEIGHT + 17


def test_a_progressive_jpeg_without_its_last_scans_has_no_rows() -> None:
    data = as_jpeg("progressive")
    scans = [at for at in range(len(data)) if data[at : at + 2] == b"\xff\xda"]
    assert len(scans) > 3
    for end in (*scans[2:], len(data) // 2):
        assert refusal(data[:end], 1e-9) == "image_truncated"


def test_a_jpeg_of_several_scans_has_its_rows_in_the_last_one() -> None:
    """A scan for each component, as some cameras write."""
    components = b"".join(bytes([number, 0x11, 0]) for number in (1, 2, 3))
    frame = b"\xff\xc0\0\x11\x08\0\x10\0\x10\x03" + components
    scans = [b"\xff\xda\0\x08\x01" + bytes([n, 0, 0, 63, 0]) + b"\x12\xff\0\x34" for n in (1, 2, 3)]
    rows = []
    for number in (1, 2, 3):
        cut = complete_file(b"\xff\xd8" + frame + b"".join(scans[:number]), "JPEG")
        assert cut is not None
        rows.append(cut.rows)
    assert rows == [0.0, 0.0, None]
    assert complete_file(b"\xff\xd8" + frame + b"".join(scans) + b"\xff\xd9", "JPEG") is None


@pytest.mark.parametrize("side", [None, 20])
def test_reduced_decoding_measures_the_same_rows(side: int | None) -> None:
    data = encoded(noise(width=160, height=160), "JPEG")
    cut = data[: len(data) * 3 // 4]
    image = upright(cut, min_side=side)
    assert image.pixels().shape[0] == (160 if side is None else 20)
    assert abs(image.decoded_rows - 0.75) < 0.1


def png_chunk(kind: bytes, content: bytes) -> bytes:
    checksum = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checksum)


def interlaced_png(pixels: Pixels) -> bytes:
    """Encode gray pixels as an interlaced PNG, which Pillow cannot write."""
    starts = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2))
    passes = [pixels[y::down, x::across] for x, y, across, down in (*starts, (0, 1, 1, 2))]
    raw = b"".join(b"\0" + row.tobytes() for each in passes for row in each if row.size)
    height, width = pixels.shape
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 1)
    parts = [(b"IHDR", header), (b"IDAT", zlib.compress(raw)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(png_chunk(*part) for part in parts)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "P", "1"])
@pytest.mark.parametrize("share", [0.9, 0.5, 0.2])
def test_rows_of_a_cut_png_are_counted(mode: str, share: float) -> None:
    data = encoded(noise().convert(mode), "PNG")
    image = upright(data[: int(len(data) * share)])
    same = equal_rows(image.pixels(), upright(data).pixels())
    rows = round(image.decoded_rows * HEIGHT)
    assert (image.is_truncated, same[:rows].all()) == (True, True)
    assert not same[rows + 2 :].any()
    assert abs(rows - share * HEIGHT) < 30  # the palette and the table of the stream come first


def test_an_interlaced_png_has_all_rows_or_none() -> None:
    pixels = np.asarray(noise("L"))
    data = interlaced_png(pixels)
    np.testing.assert_array_equal(upright(data).pixels()[..., 0], pixels)
    assert refusal(data[: len(data) * 9 // 10], 1e-9) == "image_truncated"
    completed = complete_file(data[:-16], "PNG")  # no end, nor the stream's own
    assert completed is not None
    assert completed.rows == 1.0


def test_the_colors_of_a_cut_png_stay() -> None:
    """The palette, the transparency and the orientation are in chunks before the pixels."""
    image = noise("P", 60, 80)
    exif = Image.Exif()
    exif[0x0112] = 6
    data = encoded(image, "PNG", transparency=3, exif=exif)
    cut = upright(data[: len(data) * 3 // 4])
    assert cut.pixels().shape == (60, 80, 3)
    columns = equal_rows(cut.pixels().swapaxes(0, 1), upright(data).pixels().swapaxes(0, 1))
    assert columns[::-1][: round(cut.decoded_rows * 80)].all()


@pytest.mark.parametrize("interlace", [0, 1])
@pytest.mark.parametrize("colors", [2, 7, 256])
@pytest.mark.parametrize("share", [0.9, 0.5])
def test_rows_of_a_cut_gif_are_counted(interlace: int, colors: int, share: float) -> None:
    image = noise("L").quantize(colors)
    data = encoded(image, "GIF", interlace=interlace)
    begin = len(data) - len(encoded(image, "GIF", interlace=interlace)) + 800
    cut = upright(data[: begin + int((len(data) - begin) * share)])
    same = equal_rows(cut.pixels(), upright(data).pixels())
    assert cut.is_truncated
    assert same.sum() == round(cut.decoded_rows * HEIGHT)
    assert 0 < cut.decoded_rows < 1


@pytest.mark.parametrize("side", [1, 700])
def test_long_runs_of_a_cut_gif_are_counted(side: int) -> None:
    """Codes for thousands of pixels, which fill the table and clear it."""
    image = Image.new("P", (side, side), 1)
    image.putpalette([255, 255, 255, 0, 0, 0])
    data = encoded(image, "GIF", interlace=0)
    cut = upright(data[:-3] if side == 1 else data[: len(data) - 200])
    dark = (cut.pixels() == 0).all(axis=(1, 2))
    assert dark.sum() == round(cut.decoded_rows * side)
    assert dark[: dark.sum()].all()


@pytest.mark.parametrize("format", ["JPEG", "PNG", "GIF"])
def test_an_image_with_too_few_rows_is_refused(format: str) -> None:
    data = encoded(noise(), format)
    cut = data[: len(data) * 3 // 4]
    rows = upright(cut).decoded_rows
    assert 0.5 < rows < 0.9
    assert upright(cut, rows).decoded_rows == rows
    assert refusal(cut, rows + 1e-6) == "image_truncated"
    assert refusal(cut, None) == "image_truncated"
    whole = upright(data)
    assert (whole.is_truncated, whole.decoded_rows) == (False, 1.0)


@pytest.mark.parametrize("format", ["WEBP", "TIFF", "BMP"])
def test_other_formats_are_refused_if_they_are_cut(format: str) -> None:
    data = encoded(noise(), format)
    assert refusal(data[: len(data) // 2], 0.1) == "image_undecodable"


def test_damage_before_the_cut_is_no_cut() -> None:
    """Pixels in two chunks: the checksum of the first one, which is whole, must fit."""
    data = encoded(noise(), "PNG")
    start = data.index(b"IDAT")
    pixels = data[start + 4 : data.index(b"IEND") - 8]
    half = len(pixels) // 2
    first, second = png_chunk(b"IDAT", pixels[:half]), png_chunk(b"IDAT", pixels[half:])
    cut = data[: start - 4] + first + second[:-200]
    assert 0.8 < upright(cut).decoded_rows < 1
    damaged = bytearray(cut)
    damaged[start + half // 2] ^= 1
    assert refusal(bytes(damaged), 0.1) == "image_undecodable"


def test_pillows_flag_for_truncated_images_stays_off() -> None:
    seen = []
    original = ImageFile.ImageFile.load

    def load(image: Any) -> Any:
        seen.append(ImageFile.LOAD_TRUNCATED_IMAGES)
        return original(image)

    data = as_jpeg("4:2:0")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ImageFile.ImageFile, "load", load)
        upright(data[:-2])
    assert seen
    assert not any(seen)
    assert refusal(data[:-2], None) == "image_truncated"


def test_filters_judge_the_pixels_that_the_model_gets() -> None:
    data = as_jpeg("4:2:0")
    options = DecodeOptions(ImageSpec(WIDTH), frames=8, min_decoded_rows=0.2)
    decoded = EncodedImage.open(data[: len(data) // 2], Limits()).decode(options)
    (frame,) = decoded.frames
    resized = UprightImage(Image.fromarray(frame)).fit(ImageSpec(WIDTH))
    np.testing.assert_array_equal(decoded.model_images[0], resized)
    assert decoded.is_truncated
    assert decoded.decoded_rows < 0.6


def test_an_animation_is_refused_where_a_later_frame_is_cut_that_filters_need() -> None:
    first, second = noise("L"), noise("L").rotate(90)
    data = encoded(first, "GIF", save_all=True, append_images=[second, first])
    cut = data[: len(data) * 5 // 6]
    model_only = DecodeOptions(ImageSpec(4), min_decoded_rows=0.1)
    assert not EncodedImage.open(cut, Limits()).decode(model_only).is_truncated
    with pytest.raises(ImageFault, match="image_undecodable"):
        EncodedImage.open(cut, Limits()).decode(model_only._replace(frames=3))


FILES = {format: encoded(picture(30, 20), format) for format in ("JPEG", "PNG", "GIF")}


@settings(max_examples=50, deadline=None)
@given(
    st.sampled_from(list(FILES)),
    st.floats(0, 1),
    st.lists(st.tuples(st.integers(0, 5000), st.integers(0, 255)), max_size=3),
)
def test_whatever_the_bytes_a_share_or_a_fault_results(
    format: str, share: float, changes: list[tuple[int, int]]
) -> None:
    data = bytearray(FILES[format])
    for place, value in changes:
        data[place % len(data)] = value
    cut = bytes(data[: int(len(data) * share)])
    complete_file(cut, format)
    try:
        image = upright(cut)
    except ImageFault:
        return
    assert 0 < image.decoded_rows <= 1
