"""Stamps of files and units: short digests that change when a file is written anew."""

import hashlib
from collections.abc import Iterable


def file_stamp(name: str, version: str) -> int:
    """Return a 64-bit digest of a file's name in the output and of its version in a listing."""
    digest = hashlib.blake2b(f"{name}\0{version}".encode("utf-8", "surrogateescape"), digest_size=8)
    return int.from_bytes(digest.digest(), "big")


def unit_stamp(files: Iterable[tuple[str, str]]) -> int:
    """Combine the stamps of files, given by name and version, in any order."""
    stamp = 0
    for name, version in files:
        stamp ^= file_stamp(name, version)
    return stamp
