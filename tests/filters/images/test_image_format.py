"""The first bytes of files written by Pillow identify their formats."""

import io

import pytest
from PIL import Image
from pydantic import ValidationError

from filters import ImageFormat
from filters.images.image_format import FORMATS, format_of
from schemas.sample import Sample


def encoded(name: str) -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (16, 16), "red").save(stream, name.upper())
    return stream.getvalue()


@pytest.mark.parametrize("name", FORMATS)
def test_formats_are_recognized_and_judged(name: str) -> None:
    image = encoded(name)
    assert format_of(image) == name
    samples = [Sample("s", 0, {}, image, 0, 0)]
    others = [each for each in FORMATS if each != name]
    (wanted,) = ImageFormat.model_validate({"formats": (name,)}).judge(samples)
    (unwanted,) = ImageFormat.model_validate({"formats": tuple(others)}).judge(samples)
    assert wanted.action == "keep"
    assert (unwanted.action, unwanted.reason) == ("drop", "image_format_unwanted")


@pytest.mark.parametrize(
    "image",
    [
        b"",
        b"\xff\xd8",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"%PDF-1.7",
        b"RIFF\x00\x00\x00\x00WAVE",
        b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic",
        b"\x00\x00\x00\x00ftyp",
        b"\x00\x00\x00\x10ftypisom\x00\x00\x00\x00avif",  # the brand lies behind the box
    ],
)
def test_other_bytes_have_no_format(image: bytes) -> None:
    assert format_of(image) is None
    (verdict,) = ImageFormat(formats=FORMATS).judge([Sample("s", 0, {}, image, 0, 0)])
    assert verdict.reason == "image_format_unwanted"


@pytest.mark.parametrize(
    ("image", "name"),
    [
        (b"II+\x00", "tiff"),
        (b"MM\x00*", "tiff"),
        (b"GIF87a", "gif"),
        (b"\x00\x00\x00\x18ftypmif1\x00\x00\x00\x00mif1avif", "avif"),
        (b"\x00\x00\x00\x10ftypavis\x00\x00\x00\x00", "avif"),
    ],
)
def test_rare_signatures(image: bytes, name: str) -> None:
    assert format_of(image) == name


@pytest.mark.parametrize("options", [{}, {"formats": ()}, {"formats": ("svg",)}])
def test_senseless_options_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        ImageFormat.model_validate(options)
