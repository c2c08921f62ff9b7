"""Splits a long text into windows that overlap, so that a service judges all of it."""

_OVERLAP = 200  # bytes that two windows share, at least
_LOOK_BACK = 100  # bytes before a cut in which white space is preferred


def windows(text: str, max_bytes: int) -> list[str]:
    """Return windows of at most `max_bytes` bytes of UTF-8, in order; a short text is one window.

    Windows end at white space if there is some near their end. The text must be valid Unicode.
    """
    content = text.encode()
    if len(content) <= max_bytes:
        return [text]
    pieces: list[str] = []
    start = 0
    while len(content) - start > max_bytes:
        end = _boundary(content, start + max_bytes)
        space = max(
            content.rfind(b" ", end - _LOOK_BACK, end), content.rfind(b"\n", end - _LOOK_BACK, end)
        )
        end = space if space > 0 else end
        pieces.append(content[start:end].decode())
        start = _boundary(content, end - _OVERLAP)
    return [*pieces, content[start:].decode()]


def _boundary(content: bytes, position: int) -> int:
    """Return the start of the character that contains the byte at `position`."""
    while content[position] & 0xC0 == 0x80:
        position -= 1
    return position
