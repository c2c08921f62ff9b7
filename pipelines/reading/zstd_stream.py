"""Decompresses zstd (RFC 8878) as a stream: any number of frames, skippable ones among them."""

from typing import Any, cast

import pyarrow as pa

from pipelines.reading.shard_stream import PrefixedStream
from schemas.errors import ShardFault

ZSTD = b"\x28\xb5\x2f\xfd"  # begins a frame
_SKIPPABLE = b"\x2a\x4d\x18"  # follows any byte from 0x50 to 0x5f, and begins a skippable frame
_MAX_WINDOW = 1 << 27  # bytes of a frame that are kept in memory: libzstd's own limit for streams
HEADER = 6  # bytes at the start of a frame that tell its window


def is_zstd(start: bytes) -> bool:
    """Return whether the first bytes of a file begin a frame."""
    return start[:4] == ZSTD or (start[:1] in _FIRST_OF_SKIPPABLE and start[1:4] == _SKIPPABLE)


_FIRST_OF_SKIPPABLE = {bytes([byte]) for byte in range(0x50, 0x60)}


class ZstdStream:
    """The uncompressed bytes of a stream, read forwards.

    Memory is bounded by `_MAX_WINDOW`, whatever a frame claims.
    """

    def __init__(self, start: bytes, stream: PrefixedStream) -> None:
        """Decompress `stream`, which begins with `start`.

        Raises ShardFault if the window of the first frame is too large.
        """
        if _window(start) > _MAX_WINDOW:
            raise ShardFault("shard_window_too_large", 0)
        self._source = _Source(stream)
        self._stream: Any = pa.CompressedInputStream(pa.PythonFile(self._source, mode="r"), "zstd")

    def read(self, size: int) -> bytes:
        """Read up to `size` bytes; return b"" at the end.

        Raises EOFError if the last frame is cut, ValueError if a frame is damaged or something else
        follows the frames, and the stream's own errors.
        """
        try:
            return cast(bytes, self._stream.read(size))
        except OSError:
            # Arrow raises OSError both for damage and for an error of the stream.
            if self._source.error is not None:
                raise self._source.error from None
            error = EOFError() if self._source.is_at_end else ValueError("a damaged frame")
        raise error


class _Source:
    """A stream as Arrow reads it; it remembers why Arrow got no more bytes."""

    closed = False

    def __init__(self, stream: PrefixedStream) -> None:
        self._stream = stream
        self.is_at_end = False
        self.error: OSError | None = None

    def read(self, size: int = -1) -> bytes:
        try:
            content = self._stream.read(size)
        except OSError as error:
            self.error = error
            raise
        self.is_at_end = not content
        return content

    def readable(self) -> bool:
        return True

    def close(self) -> None:
        """Do nothing: who opened the stream closes it."""


def _window(start: bytes) -> int:
    """Return the window size of a frame in bytes; 0 if its header does not state one."""
    if len(start) < HEADER or start[:4] != ZSTD or start[4] & 0x20:
        return 0
    base = 1 << (10 + (start[5] >> 3))
    return base + base // 8 * (start[5] & 7)
