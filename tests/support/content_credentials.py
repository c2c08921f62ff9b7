"""Makes images with Content Credentials: JUMBF boxes in a JPEG or PNG, unsigned."""

import json
import struct
import zlib
from collections.abc import Iterable, Mapping

_ENTRIES = "entries"


def box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", 8 + len(content)) + kind + content


def superbox(label: str, *boxes: bytes) -> bytes:
    description = bytes(16) + b"\x03" + label.encode() + b"\0"
    return box(b"jumb", box(b"jumd", description) + b"".join(boxes))


def cbor(value: object) -> bytes:
    """Encode mappings and short texts."""
    if isinstance(value, Mapping):
        pairs = b"".join(cbor(key) + cbor(each) for key, each in value.items())
        return bytes([0xA0 + len(value)]) + pairs
    text = str(value).encode()
    return (bytes([0x60 + len(text)]) if len(text) < 24 else bytes([0x78, len(text)])) + text


def assertion(
    uses: Mapping[str, str], label: str = "c2pa.training-mining", *, as_json: bool = False
) -> bytes:
    """Return the box of the assertion; `uses` maps a use such as `ai_training` to `notAllowed`."""
    prefix = label.partition(".")[0]
    entries = {_ENTRIES: {f"{prefix}.{name}": {"use": use} for name, use in uses.items()}}
    content = json.dumps(entries).encode() if as_json else cbor(entries)
    return superbox(label, box(b"json" if as_json else b"cbor", content))


def store(*manifests: Iterable[bytes]) -> bytes:
    """Return a store of manifests, each with these assertions."""
    boxes = [
        superbox(f"urn:uuid:{number}", superbox("c2pa.assertions", *assertions))
        for number, assertions in enumerate(manifests)
    ]
    return superbox("c2pa", *boxes)


def in_jpeg(image: bytes, content: bytes, most: int = 60_000) -> bytes:
    """Put a box into a JPEG, cut into segments of at most `most` bytes of it."""
    header, rest = content[:8], content[8:]
    parts = [rest[start : start + most] for start in range(0, len(rest), most)] or [b""]
    segments = b""
    for number, part in enumerate(parts, 1):
        payload = b"JP" + struct.pack(">HI", 1, number) + header + part
        segments += b"\xff\xeb" + struct.pack(">H", 2 + len(payload)) + payload
    return image[:2] + segments + image[2:]


def in_png(image: bytes, content: bytes) -> bytes:
    """Put a box into a PNG, after its header."""
    checksum = struct.pack(">I", zlib.crc32(b"caBX" + content))
    chunk = struct.pack(">I", len(content)) + b"caBX" + content + checksum
    end_of_header = 8 + 25
    return image[:end_of_header] + chunk + image[end_of_header:]


def in_webp(image: bytes, content: bytes) -> bytes:
    """Put a box into a WebP file, behind its other chunks."""
    chunk = b"C2PA" + struct.pack("<I", len(content)) + content + bytes(len(content) % 2)
    return image[:4] + struct.pack("<I", len(image) - 8 + len(chunk)) + image[8:] + chunk


def in_gif(image: bytes, content: bytes) -> bytes:
    """Put a box into a GIF, before its end."""
    parts = [content[start : start + 255] for start in range(0, len(content), 255)]
    blocks = b"".join(bytes([len(part)]) + part for part in parts) + b"\0"
    return image[:-1] + b"\x21\xff\x0bC2PA_GIF\x01\0\0" + blocks + image[-1:]


def in_tiff(content: bytes, order: str = "<", *, is_big: bool = False) -> bytes:
    """Return a TIFF without an image whose second directory has a box."""
    word, counter = ("Q", "Q") if is_big else ("I", "H")
    start = struct.pack(f"{order}HI", 42, 8)
    if is_big:
        start = struct.pack(f"{order}HHHQ", 43, 8, 0, 16)
    entry = struct.calcsize(f"{order}HH{word}{word}")
    sizes = struct.calcsize(f"{order}{counter}"), struct.calcsize(f"{order}{word}")
    first = 2 + len(start)
    second = first + sizes[0] + entry + sizes[1]
    place = second + sizes[0] + entry + sizes[1]
    directories = b"".join(
        struct.pack(f"{order}{counter}HH{word}{word}{word}", 1, *tag, following)
        for tag, following in (((256, 3, 1, 1), second), ((52545, 7, len(content), place), 0))
    )
    return {"<": b"II", ">": b"MM"}[order] + start + directories + content


def in_bmff(content: bytes, purpose: bytes = b"manifest", *, is_long: bool = False) -> bytes:
    """Return a file of ISO's base media format without media: a box, padded, between others."""
    inner = bytes.fromhex("d8fec3d61b0e483c92975828877ec481") + bytes(4) + purpose + bytes(9)
    inner += content + bytes(3)
    own = box(b"uuid", inner)
    if is_long:
        own = struct.pack(">I4sQ", 1, b"uuid", 16 + len(inner)) + inner
    other = box(b"uuid", bytes(16) + b"text")
    return box(b"ftyp", b"avif" + bytes(4)) + other + own + box(b"mdat", b"pixels")
