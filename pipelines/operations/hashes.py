"""`shardmill hashes`: lists the hashes of the images of shards, for the filters by hash lists.

A list of the images of evaluation sets keeps these images out of a corpus that a model is trained
on. Images are decoded in child processes, so that an image that hangs or kills its decoder is
counted and the others are not lost.
"""

import hashlib
import os
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import NamedTuple

from pydantic import ValidationError

from filters.images.pdq import ALGORITHM as PDQ
from filters.images.pdq import LOWEST_QUALITY, load_pdqhash, pdq_hash
from pipelines.concurrency.daemon_pool import DaemonPool
from pipelines.config.input import Input
from pipelines.config.validation_errors import first_fault
from pipelines.config.video import VideoFrames
from pipelines.images import DecodeOptions, DecoderPool, ImageFault
from pipelines.images.video import check_video_package
from pipelines.planning.shards import find_shards, split
from pipelines.reading import RawSample, open_unit
from pipelines.storage.storage import Storage
from schemas.errors import JobError, ShardFault

SHA256 = "sha256"
_PDQ = "--algorithm pdq, which is asked for unless --algorithm names others,"
_AHEAD = 4  # images per decoder that are read before the first of them is hashed
_MOST_DECODERS = 8


class HashedImage(NamedTuple):
    """An image's hashes, as (algorithm, hexadecimal digits), and where the image is from."""

    source: str  # shard and number of the sample, and of the image, if a sample has several
    hashes: Sequence[tuple[str, str]]


@dataclass(slots=True)
class HashCounts:
    """What was hashed, and what was not, by reason."""

    images: int = 0
    flat: int = 0  # images without a PDQ hash, because it would match anything
    faults: Counter[str] = field(default_factory=Counter)  # reason codes

    def add(self, hashed: "_Hashed") -> None:
        self.images += 1
        self.flat += hashed.is_flat
        if hashed.fault:
            self.faults[hashed.fault] += 1


def hash_images(
    patterns: Sequence[str],
    algorithms: Sequence[str],
    storage: Storage,
    counts: HashCounts,
    *,
    images: str | Sequence[str] | None = None,
    videos: bool = False,
    on_shards: Callable[[int, int], None] = lambda done, of: None,
) -> Iterator[HashedImage]:
    """Yield the images of the shards with their hashes, in the order of the shards and samples.

    `images` names several images of a sample, as `input.images` does. PDQ is computed of the first
    frame, upright; of `videos`, of the frames that a job's filters judge by default. `counts` is
    filled as the iteration goes, and `on_shards` is told how many shards, or slices of shards, are
    done. Raises JobError if a shard does not exist or cannot be read, or if `images` names no
    images.
    """
    given = _input_of(patterns, images, videos)
    hasher = _Hasher(algorithms, given)
    units = split(find_shards(given.patterns(), storage), given, storage)
    try:
        for done, unit in enumerate(units):
            on_shards(done, len(units))
            try:
                with open_unit(unit, storage, given, texts=False) as samples:
                    for place, hashed in hasher.hash_all(samples):
                        counts.add(hashed)
                        if hashed.hashes:
                            yield HashedImage(f"{unit.shard}#{place}", hashed.hashes)
            except ShardFault as fault:
                raise JobError(
                    f"{unit.shard}: cannot be read to its end ({fault.reason}): mend the shard, or "
                    "leave it out"
                ) from None
        on_shards(len(units), len(units))
    finally:
        hasher.close()


def _input_of(patterns: Sequence[str], images: str | Sequence[str] | None, videos: bool) -> Input:
    values: dict[str, object] = {"shards": list(patterns), "text": None, "images": images}
    if videos:
        check_video_package("--video")
        values["video"] = VideoFrames()
    try:
        return Input.model_validate(values)
    except ValidationError as error:
        raise JobError(f"hashes: {first_fault(error, values, Input)}") from None


@dataclass(slots=True)
class _Hashed:
    hashes: list[tuple[str, str]] = field(default_factory=list)
    fault: str = ""  # why the image has not all hashes
    is_flat: bool = False


class _Hasher:
    """Hashes images in threads, each with a decoder process of its own; keeps their order."""

    def __init__(self, algorithms: Sequence[str], given: Input) -> None:
        self._wants_sha256 = SHA256 in algorithms
        self._pdqhash = load_pdqhash(_PDQ) if PDQ in algorithms else None
        threads = min(len(os.sched_getaffinity(0)), _MOST_DECODERS)
        self._pool = DaemonPool(threads, "hash")
        self._decoders = DecoderPool(threads, given.limits, given.video)
        self._options = DecodeOptions(None, frames=given.frames if given.video else 1)
        self._most_ahead = _AHEAD * threads

    def close(self) -> None:
        self._pool.close()
        self._decoders.close()

    def hash_all(self, samples: Iterable[RawSample]) -> Iterator[tuple[str, _Hashed]]:
        """Yield the place of each image, `sample` or `sample.image`, and its hashes, in order."""
        ahead: deque[tuple[str, _Hashed, Future[None]]] = deque()
        for raw in samples:
            for number, image in enumerate((raw.image, *raw.others)):
                place = f"{raw.index}.{number}" if raw.others else str(raw.index)
                hashed = _Hashed(fault=raw.fault)
                ahead.append((place, hashed, self._pool.submit(self._hash, image, hashed)))
            while len(ahead) > self._most_ahead:
                yield _finished(*ahead.popleft())
        while ahead:
            yield _finished(*ahead.popleft())

    def _hash(self, image: bytes, hashed: _Hashed) -> None:
        if hashed.fault or not image:
            hashed.fault = hashed.fault or "image_empty"
            return
        if self._wants_sha256:
            hashed.hashes.append((SHA256, hashlib.sha256(image).hexdigest()))
        if self._pdqhash is not None:
            try:
                frames = self._decoders.decode(image, self._options).frames
            except ImageFault as fault:
                hashed.fault = fault.reason
                return
            found = [pdq_hash(frame, self._pdqhash) for frame in frames]
            digests = [digest for digest, quality in found if quality > LOWEST_QUALITY]
            hashed.is_flat = not digests
            hashed.hashes += [(PDQ, digest.hex()) for digest in digests]


def _finished(place: str, hashed: _Hashed, done: Future[None]) -> tuple[str, _Hashed]:
    done.result()
    return place, hashed
