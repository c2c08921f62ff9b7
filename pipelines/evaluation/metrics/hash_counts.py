"""Counts 64-bit hashes in sorted runs on disk, so that memory does not grow with their number."""

from collections.abc import Iterator
from os import SEEK_END
from tempfile import TemporaryFile
from typing import IO, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from pipelines.evaluation.metrics.ngram_hashes import Hashes

Counts = npt.NDArray[np.int32]

_RUN = 1 << 21  # hashes that are sorted at once: 16 MiB
_IN_MEMORY = 1 << 23  # hashes with counts of a table that stays in memory: 96 MiB
_PARTS = 256  # of the range of hashes; one is in memory at a time
_Number = TypeVar("_Number", np.uint64, np.int32)
_STARTS = (np.arange(1, _PARTS, dtype=np.uint64) << np.uint64(56)).astype(np.uint64)


class HashCounts:
    """How often each hash was added; a file without a name holds what memory should not."""

    def __init__(self) -> None:
        self._waiting: list[Hashes] = []
        self._number = 0  # of waiting hashes
        self._runs = _Runs()

    def add(self, hashes: Hashes) -> None:
        """Count each hash once more; of a hash that is listed twice, twice."""
        for start in range(0, len(hashes), _RUN):
            part = hashes[start : start + _RUN]
            if self._number + len(part) > _RUN:
                self._runs.add(_Part(*self._sorted()))
            self._waiting.append(part)
            self._number += len(part)

    def table(self, least: int) -> "CountTable":
        """Return the counts of the hashes that were added at least `least` times."""
        last = _Part(*self._sorted())
        if not self._runs.ends:
            return CountTable([last.frequent(least)])
        self._runs.add(last)
        return CountTable(part.frequent(least) for part in self._merged())

    def _sorted(self) -> tuple[Hashes, Counts]:
        waiting = np.concatenate([np.empty(0, np.uint64), *self._waiting])
        self._waiting, self._number = [], 0
        hashes, counts = np.unique(waiting, return_counts=True)
        return hashes, counts.astype(np.int32)

    def _merged(self) -> Iterator["_Part"]:
        """Yield each part of the range of hashes, in their order."""
        for number in range(_PARTS):
            hashes, counts = _joined([*self._runs.parts(number)])
            order = np.argsort(hashes, kind="stable")  # which merges sorted runs
            hashes, counts = hashes[order], counts[order]
            starts = np.flatnonzero(np.diff(hashes, prepend=~hashes[:1]))
            sums = np.add.reduceat(counts, starts) if len(starts) else counts
            yield _Part(hashes[starts], sums.astype(np.int32))


class CountTable:
    """The counts of some hashes: in memory, or of a large table on disk."""

    def __init__(self, parts: "Iterator[_Part] | list[_Part]") -> None:
        """Take sorted parts, of which each begins behind the one before."""
        held: list[_Part] = []
        self._runs = _Runs()  # one for each time that memory held enough
        for part in parts:
            held.append(part)
            if sum(len(each.hashes) for each in held) > _IN_MEMORY:
                self._runs.add(_joined(held))
                held = []
        self._rest = _joined(held)

    def of(self, hashes: Hashes) -> Counts:
        """Return the count of each hash, 1 of an unknown one."""
        found = self._rest.of(hashes)
        if not self._runs.ends:
            return found
        wanted, places = np.unique(hashes, return_inverse=True)
        counts = np.ones(len(wanted), np.int32)
        ends = _ends(wanted)
        for number in range(_PARTS):
            inside = slice(ends[number], ends[number + 1])
            if inside.start < inside.stop:
                for part in self._runs.parts(number):
                    counts[inside] = np.maximum(counts[inside], part.of(wanted[inside]))
        return np.maximum(found, counts[places])


class _Part(NamedTuple):
    """Sorted hashes, each once, with their counts."""

    hashes: Hashes
    counts: Counts

    def frequent(self, least: int) -> "_Part":
        chosen = self.counts >= least
        return _Part(self.hashes[chosen], self.counts[chosen])

    def of(self, wanted: Hashes) -> Counts:
        """Return the count of each hash, 1 of an unknown one."""
        if not len(self.hashes):
            return np.ones(len(wanted), np.int32)
        places = np.searchsorted(self.hashes, wanted).clip(max=len(self.hashes) - 1)
        return np.where(self.hashes[places] == wanted, self.counts[places], np.int32(1))


class _Runs:
    """Sorted runs in one file, each with its hashes and then its counts."""

    def __init__(self) -> None:
        self.ends: list[npt.NDArray[np.intp]] = []  # of each run: of the parts of the range
        self._places: list[int] = []  # of each run, in bytes
        self._file: IO[bytes] | None = None  # without a name: it goes when it is closed

    def add(self, run: "_Part") -> None:
        if self._file is None:
            self._file = TemporaryFile(prefix="shardmill-")  # noqa: SIM115
        self.ends.append(_ends(run.hashes))
        self._places.append(self._file.seek(0, SEEK_END))
        self._file.write(run.hashes.tobytes())
        self._file.write(run.counts.tobytes())
        self._file.flush()

    def parts(self, number: int) -> Iterator["_Part"]:
        """Yield what each run has of a part of the range of hashes."""
        for ends, place in zip(self.ends, self._places, strict=True):
            start, length = int(ends[number]), int(ends[number + 1] - ends[number])
            if length:
                hashes = self._read(place + 8 * start, np.uint64, length)
                counts = self._read(place + 8 * int(ends[-1]) + 4 * start, np.int32, length)
                yield _Part(hashes, counts)

    def _read(self, place: int, kind: type[_Number], length: int) -> npt.NDArray[_Number]:
        assert self._file is not None
        self._file.seek(place)
        return np.fromfile(self._file, kind, length)


def _ends(hashes: Hashes) -> npt.NDArray[np.intp]:
    """Return where each part of the range begins in sorted hashes, and their number."""
    return np.array([0, *np.searchsorted(hashes, _STARTS), len(hashes)], np.intp)


def _joined(parts: list[_Part]) -> _Part:
    hashes = [np.empty(0, np.uint64), *(each.hashes for each in parts)]
    counts = [np.empty(0, np.int32), *(each.counts for each in parts)]
    return _Part(np.concatenate(hashes), np.concatenate(counts))
