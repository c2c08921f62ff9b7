"""Drop images that are not in one of the wanted formats, whatever their file extension says."""

from collections.abc import Sequence
from typing import ClassVar, Literal

from pydantic import Field

from filters.base import ImageFilter, Judge
from schemas.resources import Resources
from schemas.sample import Sample
from schemas.verdict import Verdict, drop, keep

Format = Literal["jpeg", "png", "webp", "gif", "tiff", "bmp", "avif"]
FORMATS: tuple[Format, ...] = ("jpeg", "png", "webp", "gif", "tiff", "bmp", "avif")
_SIGNATURES: tuple[tuple[bytes, Format], ...] = (
    (b"\xff\xd8\xff", "jpeg"),
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"GIF87a", "gif"),
    (b"GIF89a", "gif"),
    (b"II*\x00", "tiff"),
    (b"MM\x00*", "tiff"),
    (b"II+\x00", "tiff"),  # BigTIFF
    (b"MM\x00+", "tiff"),
    (b"BM", "bmp"),
)


class ImageFormat(ImageFilter):
    """Keep images whose first bytes identify one of `formats`."""

    reads: ClassVar = "bytes"  # judged before decoding
    kind: Literal["image_format"] = "image_format"
    """The name of this filter."""
    formats: tuple[Format, ...] = Field(min_length=1)
    """The formats to keep, as identified by the first bytes of the file."""

    def load(self, resources: Resources) -> Judge[Sample]:
        return self  # nothing to load

    def judge(self, items: Sequence[Sample]) -> list[Verdict]:
        return [
            keep() if format_of(item.image) in self.formats else drop("image_format_unwanted")
            for item in items
        ]


def format_of(image: bytes) -> Format | None:
    """Return the format that the first bytes identify; None if they identify none."""
    if image[:4] == b"RIFF" and image[8:12] == b"WEBP":
        return "webp"
    if image[4:8] == b"ftyp":
        return "avif" if _is_avif(image) else None
    return next((name for start, name in _SIGNATURES if image.startswith(start)), None)


def _is_avif(image: bytes) -> bool:
    """Return whether an ISO base media file lists an AVIF brand (ISO/IEC 14496-12, 4.3)."""
    box = image[8 : min(int.from_bytes(image[:4]), 256)]
    major, compatible = box[:4], box[8:]
    brands = {major, *(compatible[at : at + 4] for at in range(0, len(compatible), 4))}
    return not brands.isdisjoint((b"avif", b"avis"))
