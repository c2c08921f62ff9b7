"""Divides the rows of an export into splits by a hash of their keys."""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from schemas.errors import JobError

DEFAULT = "train"  # the split of an export without splits, as loaders name it
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")
_SHARE = re.compile(r"[0-9]{0,9}(\.[0-9]{1,9})?")
_HASHES = 1 << 63  # so that the end of the last one is an unsigned number of 64 bits
_EXAMPLE = "train=0.9,test=0.1"


@dataclass(frozen=True, slots=True)
class Splits:
    """The names of splits, and the hash at which each ends."""

    names: tuple[str, ...]
    ends: tuple[int, ...]  # exclusive; the last one is 2**63

    @classmethod
    def parse(cls, text: str | None) -> "Splits":
        """Read names and shares; raise JobError if they are malformed or do not add up to 1."""
        if text is None:
            return cls((DEFAULT,), (_HASHES,))
        names: list[str] = []
        ends: list[int] = []
        share = Fraction(0)
        for part in text.split(","):
            name, _, number = (each.strip() for each in part.partition("="))
            if not _NAME.fullmatch(name) or not number or not _SHARE.fullmatch(number):
                raise JobError(
                    f"--split: {part.strip()!r} is no name with a share: write {_EXAMPLE}"
                )
            if name in names:
                raise JobError(f"--split: {name} is named twice: name each split once")
            share += Fraction(number)
            names.append(name)
            ends.append(int(share * _HASHES))
        if share != 1:
            raise JobError(f"--split: the shares add up to {float(share):g}, not to 1")
        return cls(tuple(names), tuple(ends))

    def assign(self, batch: pa.RecordBatch) -> npt.NDArray[np.int64]:
        """Return the number of the split of each row.

        It follows from the key alone; of a row without key, from shard and index.
        """
        if len(self.names) == 1:
            return np.zeros(len(batch), np.int64)
        hashes = np.fromiter(_hashes(batch), np.uint64, len(batch))
        ends = np.array(self.ends[:-1], np.uint64)
        return np.searchsorted(ends, hashes, side="right").astype(np.int64)


def _hashes(batch: pa.RecordBatch) -> Iterator[int]:
    columns = (batch[name].to_pylist() for name in ("key", "shard", "index"))
    for key, shard, index in zip(*columns, strict=True):
        name = f"{shard}\n{index}" if key is None else key
        yield int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "big") >> 1
