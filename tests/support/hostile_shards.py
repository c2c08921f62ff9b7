"""Makes a tar and a Parquet file of hostile samples, each with the reason that is expected."""

import io
import struct
import tarfile
import zlib
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from PIL import Image
from support.sample_data import Member, encoded, jpeg, parquet_bytes, picture

GOOD = jpeg(40, 30)
TEXT = b"a red star"
LIMITS = {
    "max_frames": 150,
    "max_animation_pixels": 100_000,
    "max_image_bytes": 300_000,
    "max_text_bytes": 50_000,
    "max_text_characters": 5_000,
}


def _png_chunk(kind: bytes, content: bytes) -> bytes:
    check = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", check)


def huge_png(width: int = 30_000, height: int = 30_000) -> bytes:
    """Encode 900 megapixels of one color in about 110 KB."""
    rows = zlib.compressobj(9)
    line = bytes(1 + width // 8)
    data = b"".join(rows.compress(line) for _ in range(height)) + rows.flush()
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", data), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(_png_chunk(*chunk) for chunk in chunks)


def _animation(frames: int, side: int = 2) -> bytes:
    first, *others = [picture(side, side, number) for number in range(frames)]
    return encoded(first, "GIF", save_all=True, append_images=others)


def _with_exif(damaged: bool) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x8825] = {1: "N", 2: (48.0, 8.0, 0.0)}  # GPS position
    content = exif.tobytes()
    return jpeg(40, 30, exif=content[:20] + b"\xff" * 40 if damaged else content)


SVG = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"
EPS = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(/etc/passwd) run\n"
# Case -> the image of a sample, and its expected reason; "" where it is kept.
IMAGES: Mapping[str, tuple[bytes, str]] = {
    "a JPEG": (GOOD, ""),
    "a PNG": (encoded(picture(40, 30), "PNG"), ""),
    "a WebP": (encoded(picture(40, 30), "WEBP"), ""),
    "a GIF": (encoded(picture(40, 30), "GIF"), ""),
    "a TIFF": (encoded(picture(40, 30), "TIFF"), ""),
    "a BMP": (encoded(picture(40, 30), "BMP"), ""),
    "an AVIF": (encoded(picture(40, 30), "AVIF"), ""),
    "CMYK": (encoded(picture(40, 30, mode="CMYK"), "JPEG"), ""),
    "16 bits": (encoded(Image.fromarray(np.full((9, 9), 40_000, np.uint16)), "PNG"), ""),
    "floating point": (encoded(Image.fromarray(np.full((9, 9), 0.5, np.float32)), "TIFF"), ""),
    "a palette": (encoded(picture(40, 30).quantize(16), "PNG"), ""),
    "alpha": (encoded(picture(40, 30, mode="RGBA"), "PNG"), ""),
    "an animation": (_animation(4), ""),
    "a polyglot": (GOOD + b"PK\x03\x04 and a zip" * 9, ""),
    "turned, with a place": (_with_exif(damaged=False), ""),
    "damaged metadata": (_with_exif(damaged=True), ""),
    "one pixel": (encoded(picture(1, 1), "PNG"), ""),
    "a thread": (encoded(picture(1, 9000), "PNG"), ""),
    "empty": (b"", "image_empty"),
    "text": (b"no image at all", "image_undecodable"),
    "zeros": (bytes(5000), "image_undecodable"),
    "cut in its header": (GOOD[: len(GOOD) // 2], "image_undecodable"),
    "cut": (GOOD[:-20], "image_truncated"),
    "an SVG": (SVG, "image_undecodable"),
    "an EPS": (EPS, "image_undecodable"),
    "a PSD": (b"8BPS\0\1" + bytes(200), "image_undecodable"),
    "900 megapixels": (huge_png(), "image_too_many_pixels"),
    "151 frames": (_animation(151), "image_too_many_frames"),
    "an animation larger than it may be": (_animation(90, 40), "image_too_many_pixels"),
    "more bytes than it may": (GOOD + bytes(300_000), "image_too_large"),
    "LAB": (encoded(Image.new("LAB", (9, 9)), "TIFF"), "image_mode_unsupported"),
}


def _sample(*members: Member) -> bytes:
    """Return the members as bytes of a tar, without the blocks that end it."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as tar:
        for name, content in members:
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
        end = tar.offset
    return file.getvalue()[:end]


def _special(kind: bytes) -> bytes:
    """Return a sample whose image is a link, a device or a pipe."""
    member = tarfile.TarInfo("special.jpg")
    member.type, member.linkname = kind, "/etc/passwd"
    return member.tobuf(tarfile.GNU_FORMAT) + _sample(("special.txt", TEXT))


IMAGE, WORDS = ("s.jpg", GOOD), ("s.txt", TEXT)
# Case -> the bytes of a sample in a tar, and its expected reason; "" where it is kept.
SAMPLES: Mapping[str, tuple[bytes, str]] = {
    "no image": (_sample(WORDS), "image_missing"),
    "two images": (_sample(IMAGE, ("s.png", GOOD), WORDS), "image_several"),
    "two images with dots": (_sample(("s.a.jpg", GOOD), ("s.b.jpg", GOOD), WORDS), "image_several"),
    "one image with dots": (_sample(("s.a.jpg", GOOD), WORDS), ""),
    "another extension": (_sample(("s.gif", GOOD), WORDS), ""),
    "capitals": (_sample(("s.JPG", GOOD), ("s.TXT", TEXT)), ""),
    "no text": (_sample(IMAGE), "text_missing"),
    "empty text": (_sample(IMAGE, ("s.txt", b"")), ""),
    "text that is not UTF-8": (_sample(IMAGE, ("s.txt", b"a \xff")), "text_not_utf8"),
    "text with zeros": (_sample(IMAGE, ("s.txt", b"a\0b")), ""),
    "a large text": (_sample(IMAGE, ("s.txt", b"a" * 50_001)), "text_too_large"),
    "a long text": (_sample(IMAGE, ("s.txt", b"a" * 5_001)), "text_too_large"),
    "no JSON": (_sample(IMAGE, WORDS, ("s.json", b"{")), "json_malformed"),
    "deep JSON": (_sample(IMAGE, WORDS, ("s.json", b"[" * 40_000)), "json_malformed"),
    "half a character": (_sample(IMAGE, WORDS, ("s.json", rb'{"url": "\ud800"}')), "text_not_utf8"),
    "a member twice": (_sample(IMAGE, WORDS, WORDS), "member_repeated"),
    "10,000 members": (
        _sample(IMAGE, WORDS, *((f"s.{number}", b"x") for number in range(10_000))),
        "members_too_many",
    ),
    "a key that is not UTF-8": (
        _sample(("s\udcff.jpg", GOOD), ("s\udcff.txt", TEXT)),
        "key_not_utf8",
    ),
    "a very long key": (
        _sample((f"{'s' * 5000}.jpg", GOOD), (f"{'s' * 5000}.txt", TEXT)),
        "key_too_long",
    ),
    "a way up": (_sample(("../../s.jpg", GOOD), ("../../s.txt", TEXT)), "key_unsafe"),
    "an absolute name": (_sample(("/etc/s.jpg", GOOD), ("/etc/s.txt", TEXT)), "key_unsafe"),
    "a link": (_special(tarfile.SYMTYPE), "member_not_a_file"),
    "a hard link": (_special(tarfile.LNKTYPE), "member_not_a_file"),
    "a device": (_special(tarfile.CHRTYPE), "member_not_a_file"),
    "a pipe": (_special(tarfile.FIFOTYPE), "member_not_a_file"),
    "a sparse file": (_special(tarfile.GNUTYPE_SPARSE), "member_not_a_file"),
    "out of order, first half": (_sample(("o.jpg", GOOD)), "text_missing"),
    "in between": (_sample(("i.jpg", GOOD), ("i.txt", TEXT)), ""),
    "out of order, second half": (_sample(("o.txt", TEXT)), "image_missing"),
}


def tar() -> tuple[bytes, dict[str, str]]:
    """Make a tar of all cases; return it with case -> expected reason, in the tar's order."""
    images = {
        name: (_sample((f"i{number}.jpg", content), (f"i{number}.txt", TEXT)), reason)
        for number, (name, (content, reason)) in enumerate(IMAGES.items())
    }
    # A sample in between keeps two samples of the same key apart; neighbors would be one sample.
    between = _sample(("between.jpg", GOOD), ("between.txt", TEXT))
    content, reasons = b"", {}
    for name, (sample, reason) in (SAMPLES | images).items():
        content += sample + between
        reasons |= {name: reason, f"behind {name}": ""}
    return content + bytes(1024), reasons


class _Row(NamedTuple):
    reason: str = ""
    image: bytes | None = GOOD
    path: bytes = b"s.jpg"
    text: bytes | None = TEXT
    json: bytes | None = b'{"url": "u"}'
    tag: bytes = b"tag"


# Case -> the values of a row of a Parquet file, and its expected reason.
ROWS: Mapping[str, _Row] = {
    "no image": _Row("image_missing", image=None),
    "a path alone": _Row("image_missing", image=None, path=b"/etc/passwd"),
    "no text": _Row("text_missing", text=None),
    "empty text": _Row(text=b""),
    "text that is not UTF-8": _Row("text_not_utf8", text=b"a \xff"),
    "a large text": _Row("text_too_large", text=b"a" * 50_001),
    "a long text": _Row("text_too_large", text=b"a" * 5_001),
    "no JSON": _Row("json_malformed", json=b"{"),
    "no field": _Row(json=None),
    "a list of no text": _Row("text_unreadable", tag=b"\xff"),
    "a key that is not UTF-8": _Row("key_not_utf8", path=b"s\xff"),
    "a very long key": _Row("key_too_long", path=b"s" * 5000),
    "a way up": _Row("key_unsafe", path=b"../../s"),
    "an absolute name": _Row("key_unsafe", path=b"/etc/s"),
}


def parquet() -> tuple[bytes, dict[str, str]]:
    """Make a Parquet file of all cases; return it with case -> expected reason, in its order."""
    images = {name: _Row(reason, image=content) for name, (content, reason) in IMAGES.items()}
    cases = {**ROWS, **images}
    rows = [row for case in cases.values() for row in (case, _Row())]
    pictures = pa.StructArray.from_arrays(
        [
            pa.array([row.image for row in rows], pa.binary()),
            pa.array([row.path for row in rows]).view(pa.string()),
        ],
        ["bytes", "path"],
    )
    tags = pa.ListArray.from_arrays(
        list(range(len(rows) + 1)), pa.array([row.tag for row in rows]).view(pa.string())
    )
    columns: dict[str, Any] = {
        "image": pictures,
        "txt": pa.array([row.text for row in rows]).view(pa.string()),
        "json": pa.array([row.json for row in rows]).view(pa.string()),
        "tags": tags,
    }
    reasons: dict[str, str] = {}
    for name, case in cases.items():
        reasons |= {name: case.reason, f"behind {name}": ""}
    return parquet_bytes(columns, rows_per_group=30), reasons
