"""The first half of the pass: read, judge, decode, judge again, and form blocks for the engine.

What is judged together (a chunk) and asked together (a block) follows from the order of the
samples alone, never from timing, and neither crosses the end of a part.
"""

import hashlib
import itertools
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, wait

from pipelines.annotation.earlier_rows import EarlierRows
from pipelines.annotation.filtering import FilterChain
from pipelines.concurrency.daemon_pool import DaemonPool
from pipelines.concurrency.stage_timer import StageTimer
from pipelines.config.job import Job
from pipelines.images import Caps, Decoding, EncodedImage, ImageFault, IsolatedDecoder
from pipelines.planning.resolve import BLOCK
from pipelines.reading import OpenUnit, RawSample
from pipelines.reading.text_fields import FieldFault
from pipelines.rows.row import Row
from pipelines.rows.texts import Fields
from schemas.errors import DecoderHung, ShardFault
from schemas.sample import Unit

_CHUNK = 64  # samples, at most
_CHUNK_BYTES = 64 << 20  # of encoded images in a chunk: bounds memory
_CHUNK_PIXELS = 32 << 20  # of decoded ones, where filters read frames
_CHUNKS_DECODING = 2  # in flight


class Preparation:
    """Turns a shard into blocks of rows, those that were kept with a picture for the engine.

    Without a resolution no picture is made, and images are decoded for filters alone. With `taken`,
    verdicts and texts are those of an earlier output. With `isolated`, images are decoded in a
    process of its own, so that one that hangs or kills its decoder is a row like any other.
    """

    def __init__(
        self,
        job: Job,
        filter_chain: FilterChain,
        resolution: int | None,
        threads: int,
        isolated: bool = False,
        *,
        block_size: int = BLOCK,
        taken: EarlierRows | None = None,
    ) -> None:
        self._input = job.input
        self._taken = taken
        self._block_size = block_size
        limits = job.input.limits
        self._fields = Fields(
            job.input.text,
            job.input.carried(),
            limits.max_text_characters,
            limits.max_key_characters,
        )
        self._caps = Caps(limits.max_pixels, limits.max_frames, limits.max_animation_pixels)
        self._decode_seconds = limits.max_decode_seconds
        self._isolated = IsolatedDecoder(self._caps, self._decode_seconds) if isolated else None
        self._decoding = Decoding(
            side=resolution,
            covering=resolution if job.input.decode == "reduced" else None,
            frames=job.input.frames if filter_chain.reads_frames else 0,
        )
        self._looks = resolution is not None or filter_chain.reads_frames
        self._filter_chain = filter_chain
        self._pool = DaemonPool(threads, "decode")

    def close(self) -> None:
        """End what works beside this thread, unless it hangs."""
        self._pool.close()
        if self._isolated is not None:
            self._isolated.close()

    def blocks(
        self,
        unit: Unit,
        stream: OpenUnit,
        skip: int,
        timer: StageTimer,
        stop: int | None = None,
    ) -> Iterator[list[Row]]:
        """Samples of the unit from number `skip` to before `stop`, in order.

        A block holds `block_size` that are kept, fewer at the end of a part.

        Raises ShardFault where the shard cannot be read to its end and is not to be salvaged.
        """
        block: list[Row] = []
        kept = 0
        for chunk in self.judged(unit, self.rows(unit, stream, skip, timer, stop), timer):
            for row in chunk:
                block.append(row)
                kept += row.kept
                if kept == self._block_size or self._ends_part(unit, row):
                    yield block
                    block, kept = [], 0
        if block:
            yield block

    def rows(
        self,
        unit: Unit,
        stream: OpenUnit,
        skip: int,
        timer: StageTimer,
        stop: int | None = None,
    ) -> Iterator[Row]:
        """Samples as they lie in the shard, or as an earlier output left them; judged by none."""
        raws = timer.each("read", itertools.islice(stream, skip, stop))
        if self._taken is None:
            return (self._row(unit, raw, stream) for raw in raws)
        taken = self._taken.rows(unit, unit.first_index + skip)
        most = None if stop is None else stop - skip
        return _joined(itertools.islice(taken, most), raws, stream)

    def judged(self, unit: Unit, rows: Iterable[Row], timer: StageTimer) -> Iterator[list[Row]]:
        """The rows in chunks, judged, those that were kept with a picture for the engine."""
        return self._decoded(self._chunks(unit, rows, timer), timer)

    def _ends_part(self, unit: Unit, row: Row) -> bool:
        return (row.index - unit.first_index + 1) % self._input.max_samples_per_file == 0

    def _chunks(self, unit: Unit, rows: Iterable[Row], timer: StageTimer) -> Iterator[list[Row]]:
        """Rows judged by all that needs no pixels, their headers read."""
        chunk: list[Row] = []
        held = 0
        for row in rows:
            chunk.append(row)
            held += len(row.image)
            if len(chunk) == _CHUNK or held >= _CHUNK_BYTES or self._ends_part(unit, row):
                yield from self._judged(chunk, timer)
                chunk, held = [], 0
        if chunk:
            yield from self._judged(chunk, timer)

    def _row(self, unit: Unit, raw: RawSample, stream: OpenUnit) -> Row:
        row = Row(unit.shard, raw.index, stream.bytes_read)
        if raw.fault:
            row.reject("invalid", raw.fault)
        elif not raw.image:
            row.reject("invalid", "image_empty")
        else:
            row.image = raw.image
            try:
                row.texts = self._fields.read(raw)
            except FieldFault as fault:
                row.reject("invalid", fault.reason)
        return row

    def _judged(self, chunk: list[Row], timer: StageTimer) -> Iterator[list[Row]]:
        """The chunk, in pieces whose frames fit in memory."""
        with timer.stage("judge", len(chunk)):
            self._filter_chain.judge_bytes(chunk)
            self._filter_chain.judge_texts(chunk)
        concerned = [row for row in chunk if self._filter_chain.should_judge(row)]
        with timer.stage("header", len(concerned)):
            for row in concerned:
                self.read_header(row)
            self._filter_chain.judge_header(chunk)
        if not self._filter_chain.reads_frames:
            yield chunk
            return
        piece: list[Row] = []
        pixels = 0
        for row in chunk:
            piece.append(row)
            if self._filter_chain.should_judge(row):
                frames = min(row.num_frames, self._input.frames)
                pixels += frames * row.width * row.height
            if pixels >= _CHUNK_PIXELS:
                yield piece
                piece, pixels = [], 0
        if piece:
            yield piece

    def read_header(self, row: Row) -> None:
        """Open the row's image: its size is known, its pixels are not decoded yet."""
        try:
            if self._isolated is None:
                row.encoded = EncodedImage.open(row.image, self._caps)
            else:
                row.encoded = self._isolated.open(row.image)
            row.width, row.height = row.encoded.width, row.encoded.height
            row.num_frames = row.encoded.num_frames
        except ImageFault as fault:
            row.reject("invalid", fault.reason, error=fault.error)

    def _decoded(self, chunks: Iterable[list[Row]], timer: StageTimer) -> Iterator[list[Row]]:
        """Chunks in order, decoded by the pool while later ones are read."""
        waiting: deque[tuple[list[Row], list[Future[None]]]] = deque()
        for chunk in chunks:
            wanted = [row for row in chunk if row.kept or self._is_judged(row)]
            waiting.append((chunk, [self._pool.submit(self._decode, r, timer) for r in wanted]))
            if len(waiting) > _CHUNKS_DECODING:
                yield self._finished(*waiting.popleft(), timer)
        while waiting:
            yield self._finished(*waiting.popleft(), timer)

    def _is_judged(self, row: Row) -> bool:
        return self._filter_chain.reads_frames and self._filter_chain.should_judge(row)

    def _decode(self, row: Row, timer: StageTimer) -> None:
        assert row.encoded is not None
        with timer.stage("decode", 1):
            try:
                if self._looks:
                    row.picture, row.frames = row.encoded.decode(self._decoding)
            except ImageFault as fault:
                row.reject("invalid", fault.reason, error=fault.error)
                return
            digest = hashlib.sha256(row.image).hexdigest()
            if row.sha256 and row.sha256 != digest:  # of the image that was judged
                raise ShardFault("shard_changed", row.position)
            row.sha256 = digest

    def _finished(
        self, chunk: list[Row], decoding: list[Future[None]], timer: StageTimer
    ) -> list[Row]:
        for future in decoding:
            # All before it are done, so it is in work: what passes now is its own time.
            done, _ = wait([future], None if self._isolated else self._decode_seconds)
            if not done:
                raise DecoderHung(
                    "decoding an image took longer than "
                    f"input.limits.max_decode_seconds = {self._decode_seconds:g}"
                )
            future.result()
        if self._filter_chain.reads_frames:
            with timer.stage("judge_frames", sum(map(self._is_judged, chunk))):
                self._filter_chain.judge_frames(chunk)
        for row in chunk:
            row.release()
        return chunk


def _joined(taken: Iterable[Row], raws: Iterable[RawSample], stream: OpenUnit) -> Iterator[Row]:
    """Rows as they were judged, with the image of those that were kept."""
    for row, raw in itertools.zip_longest(taken, raws):
        if row is None or raw is None or row.index != raw.index:
            raise stream.fault_here("shard_changed")
        row.position = stream.bytes_read
        if row.kept and raw.fault:
            row.reject("invalid", raw.fault)
        elif row.kept:
            row.image = raw.image
        yield row
