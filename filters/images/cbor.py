"""Decodes CBOR (RFC 8949) of strangers: with bounds, and without what metadata does not need.

Tags are left out, and floating-point numbers are not needed: they become None.
"""

from typing import Any

_MOST_ITEMS = 10_000
_DEEPEST = 16
_SIMPLE = {20: False, 21: True, 22: None, 23: None}
_BREAK = object()
_INDEFINITE = 31


def decode_cbor(data: bytes) -> Any:
    """Return the first item of `data`; raise ValueError if it is damaged, or out of bounds."""
    try:
        return _Decoder(data).item(0)
    except IndexError:
        raise ValueError("ends early") from None


class _Decoder:
    def __init__(self, data: bytes) -> None:
        self._data, self._at, self._items = data, 0, 0

    def item(self, depth: int) -> Any:
        self._items += 1
        if self._items > _MOST_ITEMS or depth > _DEEPEST:
            raise ValueError("has too many items, or too deep ones")
        head = self._take(1)[0]
        kind, extra = head >> 5, head & 31
        if kind == 7:
            return self._simple(extra)
        size = self._number(extra)
        if size is None and kind not in (2, 3, 4, 5):
            raise ValueError("has no length")
        match kind:
            case 0 | 1:
                return size if kind == 0 else -1 - (size or 0)
            case 2 | 3:
                content = self._text(size, kind, depth)
                return content if kind == 2 else content.decode("utf-8")
            case 4:
                return list(self._sequence(size, depth))
            case 5:
                return self._mapping(size, depth)
        return self.item(depth + 1)  # what a tag is about

    def _simple(self, extra: int) -> Any:
        if extra == _INDEFINITE:
            return _BREAK
        if extra >= 24:
            self._take(1 << (extra - 24) if extra < 28 else len(self._data) + 1)
        return _SIMPLE.get(extra)

    def _number(self, extra: int) -> int | None:
        """Return the argument of a head; None: an indefinite length."""
        if extra < 24:
            return extra
        if extra == _INDEFINITE:
            return None
        if extra > 27:
            raise ValueError("has a reserved length")
        return int.from_bytes(self._take(1 << (extra - 24)), "big")

    def _text(self, size: int | None, kind: int, depth: int) -> bytes:
        if size is not None:
            return self._take(size)
        parts = list(self._sequence(None, depth))
        if any(not isinstance(part, bytes if kind == 2 else str) for part in parts):
            raise ValueError("has a part of another type in a text")
        return b"".join(part if isinstance(part, bytes) else part.encode() for part in parts)

    def _sequence(self, size: int | None, depth: int) -> list[Any]:
        found: list[Any] = []
        while size is None or len(found) < size:
            item = self.item(depth + 1)
            if item is _BREAK:
                if size is None:
                    break
                raise ValueError("ends a list that has a length")
            found.append(item)
        return found

    def _mapping(self, size: int | None, depth: int) -> dict[Any, Any]:
        items = self._sequence(None if size is None else 2 * size, depth)
        if len(items) % 2 or any(isinstance(key, (list, dict)) for key in items[::2]):
            raise ValueError("has a key without a value, or a key that is no text or number")
        return dict(zip(items[::2], items[1::2], strict=True))

    def _take(self, size: int) -> bytes:
        end = self._at + size
        if end > len(self._data):
            raise ValueError("ends early")
        taken, self._at = self._data[self._at : end], end
        return taken
