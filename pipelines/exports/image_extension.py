"""Finds the extension of an image file or video: by its name, else by its first bytes."""

from pipelines.reading.raw_sample import IMAGE_EXTENSIONS, VIDEO_EXTENSIONS

_KNOWN = frozenset([*IMAGE_EXTENSIONS, *VIDEO_EXTENSIONS, "apng"])
_STARTS = {
    b"\xff\xd8\xff": "jpg",
    b"\x89PNG": "png",
    b"GIF8": "gif",
    b"II*\x00": "tif",
    b"MM\x00*": "tif",
    b"BM": "bmp",
    b"\x1aE\xdf\xa3": "mkv",
}


def image_extension(content: bytes, name: str | None) -> str:
    """Return an extension without a dot, in lower case; `bin` if nothing tells it."""
    named = (name or "").rpartition(".")[2].lower()
    if named in _KNOWN:
        return named
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "webp"
    if content[4:8] == b"ftyp":  # of AVIF images, and of videos
        return "avif" if content[8:12] in (b"avif", b"avis") else "mp4"
    return next((end for start, end in _STARTS.items() if content.startswith(start)), "bin")
