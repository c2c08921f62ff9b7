"""Reads image headers and decodes images for rows, ahead of the step that needs them."""

import hashlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, wait
from itertools import chain

from filters.images.pdq import LOWEST_QUALITY, load_pdqhash, pdq_hash
from pipelines.annotation.filtering import FilterChain
from pipelines.concurrency.daemon_pool import DaemonPool
from pipelines.concurrency.running_time import wait_while_running
from pipelines.concurrency.stage_timer import StageTimer
from pipelines.config.input import Input
from pipelines.images import (
    DecodeOptions,
    DecoderPool,
    DecoderProcess,
    EncodedImage,
    ImageFault,
    OpenedImage,
)
from pipelines.rows.row import ImageState, Row
from schemas.errors import DecoderHung, ShardFault
from schemas.generation import ImageSpec
from schemas.sample import RGB

_CHUNKS_AHEAD = 2  # decoded while later chunks are read


Opener = Callable[[bytes], OpenedImage]  # reads an image's header; raises ImageFault


def opener(given: Input) -> Opener:
    """Return a function that opens images in this process, and videos in a decoder process."""
    if given.video is not None:
        return DecoderProcess(given.limits, given.video).open
    return lambda image: EncodedImage.open(image, given.limits)


def read_header(row: Row, open_image: Opener) -> None:
    """Read the sizes of a row's images from the headers; one that is damaged makes it `invalid`."""
    for each in row.images():
        try:
            each.encoded = open_image(each.image)
        except ImageFault as fault:
            row.reject("invalid", fault.reason, error=fault.error)
            return
        each.width, each.height = each.encoded.width, each.encoded.height
        each.num_frames = each.encoded.num_frames
        each.duration, each.fps = each.encoded.duration, each.encoded.fps
        each.is_video = each.encoded.is_video


class RowDecoder:
    """A pool of threads that decodes the images of rows.

    Kept rows get a model image as `image_spec` says. If `image_spec` is None, images are decoded
    only for filters that read frames and for `input.pdq`. With `isolated`, images are decoded in a
    child process, so that an image that hangs or kills its decoder becomes an `invalid` row. Videos
    always are, each thread's in a process of its own.
    """

    def __init__(
        self,
        given: Input,
        filters: FilterChain,
        image_spec: ImageSpec | None,
        threads: int,
        isolated: bool = False,
    ) -> None:
        self._limits = given.limits
        self._filters = filters
        self._max_frames = given.frames
        self._options = DecodeOptions(
            model_image=image_spec,
            min_side=image_spec.side if image_spec and given.decode == "reduced" else None,
            frames=_frames_needed(given, filters.reads_frames),
            min_decoded_rows=given.accepted_rows(),
        )
        self._needs_pixels = image_spec is not None or self._options.frames > 0
        self._pdqhash = load_pdqhash("input.pdq") if given.pdq else None
        self._is_video = given.video is not None
        self._process: DecoderProcess | DecoderPool | None = None
        if given.video is not None:
            self._process = DecoderPool(threads, given.limits, given.video)
        elif isolated:
            self._process = DecoderProcess(given.limits)
        self.open_image = self._process.open if self._process else opener(given)
        self._pool = DaemonPool(threads, "decode")

    def close(self) -> None:
        """End the threads, and kill the decoder process after its current image.

        A thread that hangs is not waited for; the decoder process has a deadline for each image.
        """
        self._pool.close()
        if self._process is not None:
            self._process.close()

    def read_headers(self, chunk: list[Row]) -> list[Row]:
        """Read the header of every image that a filter or the model still needs."""
        for row in filter(self._filters.should_judge, chunk):
            read_header(row, self.open_image)
        return chunk

    def split_by_pixels(self, chunks: Iterable[list[Row]], max_pixels: int) -> Iterator[list[Row]]:
        """Split chunks so that each piece ends once its decoded frames reach `max_pixels`.

        Chunks stay whole if no filter reads frames.
        """
        if not self._filters.reads_frames:
            yield from chunks
            return
        for chunk in chunks:
            piece: list[Row] = []
            pixels = 0
            for row in chunk:
                piece.append(row)
                if self._filters.should_judge(row):
                    pixels += sum(
                        min(each.num_frames, self._max_frames) * each.width * each.height
                        for each in row.images()
                    )
                if pixels >= max_pixels:
                    yield piece
                    piece, pixels = [], 0
            if piece:
                yield piece

    def decode_ahead(self, chunks: Iterable[list[Row]], timer: StageTimer) -> Iterator[list[Row]]:
        """Yield chunks in order, decoded by the pool while later chunks are read.

        Raises DecoderHung if decoding in a thread takes longer than `limits.max_decode_seconds` for
        one image, and ShardFault if an image is not the one that the earlier job judged.
        """
        decoding: deque[tuple[list[Row], list[Future[None]]]] = deque()
        for chunk in chunks:
            rows = [row for row in chunk if row.kept or self._filters.will_read_frames(row)]
            decoding.append((chunk, [self._pool.submit(self._decode, r, timer) for r in rows]))
            if len(decoding) > _CHUNKS_AHEAD:
                yield self._finish(*decoding.popleft())
        while decoding:
            yield self._finish(*decoding.popleft())

    def _decode(self, row: Row, timer: StageTimer) -> None:
        with timer.stage("decode", 1):
            try:
                if self._needs_pixels:
                    row.model_images = tuple(
                        chain.from_iterable(map(self._decode_image, row.images()))
                    )
                    self._add_pdq(row)
            except ImageFault as fault:
                row.reject("invalid", fault.reason, error=fault.error)
                return
            for each in row.images():
                digest = hashlib.sha256(each.image).hexdigest()
                if each.sha256 and each.sha256 != digest:  # not the one that the earlier job judged
                    raise ShardFault("shard_changed", row.position)
                each.sha256 = digest

    def _decode_image(self, image: ImageState) -> tuple[RGB, ...]:
        """Decode the frames for filters, and return the model images; raise ImageFault."""
        assert image.encoded is not None
        decoded = image.encoded.decode(self._options)
        image.frames = decoded.frames
        image.truncated, image.decoded_rows = decoded.is_truncated, decoded.decoded_rows
        return decoded.model_images

    def _add_pdq(self, row: Row) -> None:
        """Hash an image's first frame, or a video's sampled ones; free frames no filter reads."""
        if self._pdqhash is not None and row.kept:
            frames = row.frames if self._is_video else row.frames[:1]
            found = [pdq_hash(frame, self._pdqhash) for frame in frames]
            hashes = [
                digest.hex() if quality > LOWEST_QUALITY else None for digest, quality in found
            ]
            if self._is_video:
                row.pdq_frames = tuple(hashes)
            else:
                row.pdq, row.pdq_quality = hashes[0], found[0][1]
        if not self._filters.reads_frames:
            for each in row.images():
                each.frames = ()

    def _finish(self, chunk: list[Row], decoding: list[Future[None]]) -> list[Row]:
        seconds = self._limits.max_decode_seconds
        for future in decoding:
            # All futures before this one are done, so a thread works on it: its time runs now. A
            # decoder process has a deadline of its own.
            if self._process is None and not wait_while_running(_waiting_for(future), seconds):
                raise DecoderHung(
                    "decoding an image took longer than "
                    f"input.limits.max_decode_seconds = {seconds:g}"
                )
            future.result()
        return chunk


def _frames_needed(given: Input, filters_read_frames: bool) -> int:
    """Return the most frames of an image or video that filters or `input.pdq` read."""
    if filters_read_frames or (given.pdq and given.video is not None):
        return given.frames
    return int(given.pdq)


def _waiting_for(future: Future[None]) -> Callable[[float], bool]:
    return lambda seconds: bool(wait([future], seconds).done)
