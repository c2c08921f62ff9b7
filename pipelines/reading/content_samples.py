"""The bytes of a file that its digest covers: 16 blocks spread over it, or its end.

Both are few for a file of any size, and a pass collects them from what it reads anyway.
"""

import hashlib
import io
import math
from collections.abc import Callable
from typing import BinaryIO

from pipelines.storage.expected_ranges import Range, expect
from pipelines.storage.storage import Storage

_BLOCKS, _BLOCK_SIZE = 16, 4096
END_SIZE = 64 << 10  # bytes at the end of a Parquet file, which hold its footer or the last of it
_END = "end:"  # begins the digests of ends


class SampledBlocks:
    """The blocks of a file of `size` bytes, collected while the file is read forwards."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._ranges = [Range(start, min(start + _BLOCK_SIZE, size)) for start in _starts(size)]
        if size <= _BLOCKS * _BLOCK_SIZE:  # blocks overlap, or meet
            self._ranges = [Range(0, size)]
        self._found: dict[int, bytes] = {}  # by the start of the range
        self._number = 0  # of the range that is collected next
        self._partial = b""  # its first bytes
        self.wanted: float = 0  # offset of the next byte to collect; infinite after the last one

    def take(self, start: int, content: bytes) -> None:
        """Collect from the bytes at `start`, which end behind `wanted`."""
        while self._number < len(self._ranges):
            begin, end = self._ranges[self._number]
            known = begin + len(self._partial)
            if start + len(content) <= known:
                self.wanted = known
                return
            if start <= known:  # else the range was passed without being read
                self._partial += content[known - start : end - start]
                if begin + len(self._partial) < end:
                    continue
                self._found[begin] = self._partial
            self._number, self._partial = self._number + 1, b""
        self.wanted = math.inf

    def sample(self, open_file: Callable[[], BinaryIO]) -> bytes:
        """Return the size and the blocks; those that were not collected are read from the file.

        Raises EOFError if the file is shorter than `size`.
        """
        missing = [each for each in self._ranges if each.start not in self._found]
        if missing:
            with open_file() as stream:
                if len(missing) > 1:
                    expect(stream, missing)
                for start, end in missing:
                    stream.seek(start)
                    content = stream.read(end - start)
                    if len(content) < end - start:
                        raise EOFError
                    self._found[start] = content
        whole = len(self._ranges) == 1
        blocks = [
            self._found[0][start : start + _BLOCK_SIZE] if whole else self._found[start]
            for start in _starts(self.size)
        ]
        return b"".join([b"%d\0" % self.size, *blocks])


def _starts(size: int) -> list[int]:
    """Return where the blocks of a file begin, the first and the last block among them."""
    last = max(0, size - _BLOCK_SIZE)
    return sorted({last * number // (_BLOCKS - 1) for number in range(_BLOCKS)})


def sample_of_file(path: str, storage: Storage) -> bytes:
    """Return the size and the blocks of a file; raise OSError if the file cannot be read."""
    with storage.open(path) as stream:
        return SampledBlocks(stream.seek(0, 2)).sample(lambda: stream)


def sample_of_content(content: bytes) -> bytes:
    """Return the size and the blocks of a file that is in memory as a whole."""
    return SampledBlocks(len(content)).sample(lambda: io.BytesIO(content))


def digest_of_sample(sample: bytes) -> str:
    """Return the digest of a file's size and blocks."""
    return hashlib.sha256(sample).hexdigest()


def digest_of_end(size: int, end: bytes) -> str:
    """Return the digest of a file's size and of its last `END_SIZE` bytes."""
    return _END + hashlib.sha256(b"%d\0%b" % (size, end)).hexdigest()


def is_of_end(digest: str) -> bool:
    """Return whether a digest is one of a file's end."""
    return digest.startswith(_END)
