"""Prepares text for drawing: Pillow's built-in font, and lines that fit a width."""

import unicodedata
from functools import cache

from PIL import ImageFont

Font = ImageFont.FreeTypeFont


@cache
def font(height: int) -> Font:
    """Load Pillow's built-in font with letters `height` pixels high."""
    loaded = ImageFont.load_default(height)
    if not isinstance(loaded, Font):
        raise ImportError("Pillow was built without FreeType: pip install --force-reinstall pillow")
    return loaded


def spelled(text: str) -> str:
    """Remove accents, which Pillow's font lacks, and write ß as ss.

    Letters of other scripts stay, and are drawn as boxes.
    """
    parts = unicodedata.normalize("NFKD", text.replace("ß", "ss"))
    return "".join(part for part in parts if not unicodedata.combining(part))


def wrap(text: str, letters: Font, width: int, lines: int) -> list[str]:
    """Break a text into at most `lines` lines of `width` pixels; `…` marks text that is cut off."""
    wrapped: list[str] = []
    rest = text
    while rest and len(wrapped) < lines:
        line = _fitting(rest, letters, width)
        rest = rest[len(line) :].lstrip()
        wrapped.append(line.rstrip())
    if rest:
        wrapped[-1] = _fitting(wrapped[-1], letters, width - round(letters.getlength("…"))) + "…"
    return wrapped


def _fitting(text: str, letters: Font, width: int) -> str:
    """Return the longest prefix that fits, cut at a space if possible; at least one character."""
    if letters.getlength(text) <= width:
        return text
    low, high = 1, len(text)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if letters.getlength(text[:middle]) <= width else (low, middle)
    space = text.rfind(" ", 0, low + 1)
    return text[:space] if space > 0 else text[:low]
