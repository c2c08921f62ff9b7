"""Drop pairs whose image file is on the operator's list of hashes, before decoding.

A match stores only the reason: no score, no hash and no entry of the list.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Literal, Self

import numpy as np
import numpy.typing as npt
from pydantic import Field

from filters.base import ImageFilter, Judge
from filters.images.hash_entries import SIZES, read_hashes
from schemas.path_text import PathText
from schemas.resources import Resources
from schemas.sample import Sample
from schemas.verdict import Verdict, drop, keep

ALGORITHMS = ("md5", "sha1", "sha256")


class HashList(ImageFilter):
    """Keep images if no hash of their encoded bytes is on the list."""

    reads: ClassVar = "bytes"
    conceals: ClassVar = True
    kind: Literal["hash_list"] = "hash_list"
    """The name of this filter."""
    path: PathText = Field(min_length=1)
    """A CSV file with the columns `algorithm` and `hash`.

    The algorithms are md5, sha1 and sha256; entries of pdq are ignored.
    """

    def files(self) -> tuple[str, ...]:
        return (self.path,)

    def check(self, resources: Resources) -> None:
        read_hashes(resources, self.path, ALGORITHMS)

    def load(self, resources: Resources) -> Judge[Sample]:
        return _Judge(ListedHashes.of(read_hashes(resources, self.path, ALGORITHMS)))


@dataclass(frozen=True, slots=True)
class ListedHashes:
    """A list of hashes, of the algorithms for which it has entries."""

    listed: Mapping[str, npt.NDArray[np.bytes_]] = field(repr=False)  # sorted

    @classmethod
    def of(cls, hashes: Mapping[str, bytearray]) -> Self:
        return cls({name: _sorted(entries, SIZES[name]) for name, entries in hashes.items()})

    def match(self, images: Sequence[bytes]) -> npt.NDArray[np.bool_]:
        """Return which encoded images have a hash on the list."""
        is_listed = np.zeros(len(images), bool)
        for algorithm, listed in self.listed.items():
            digests = np.array(
                [hashlib.new(algorithm, image, usedforsecurity=False).digest() for image in images],
                listed.dtype,
            )
            nearest = np.searchsorted(listed, digests).clip(max=len(listed) - 1)
            is_listed |= listed[nearest] == digests
        return is_listed


@dataclass(frozen=True, slots=True)
class _Judge:
    hashes: ListedHashes

    def judge(self, items: Sequence[Sample]) -> list[Verdict]:
        matches = self.hashes.match([item.image for item in items])
        return [drop("hash_listed") if match else keep() for match in matches]


def _sorted(hashes: bytearray, size: int) -> npt.NDArray[np.bytes_]:
    """Return the hashes of `size` bytes each, sorted in place without a copy."""
    listed = np.frombuffer(hashes, f"S{size}")
    listed.sort()
    return listed
