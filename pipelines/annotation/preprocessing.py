"""The pass before the engine: read, filter, decode, filter again, form blocks.

`unit_blocks` and `preprocess` list the steps in their order; each step is a function or generator
that can be used by itself. Filters judge a chunk of rows together, and the engine answers a block
of rows together. Chunks and blocks depend only on the samples and their order, never on timing. No
chunk and no block crosses the end of a part.
"""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice

from pipelines.annotation.decoding import RowDecoder
from pipelines.annotation.earlier_rows import EarlierRows, join_images
from pipelines.annotation.filtering import FilterChain
from pipelines.annotation.forgotten_rows import drop_forgotten
from pipelines.concurrency.stage_timer import StageTimer
from pipelines.config.input import Input
from pipelines.output.forgotten import Forgotten
from pipelines.reading import OpenUnit, RawSample
from pipelines.reading.text_fields import FieldFault
from pipelines.rows.row import Row, RowImage
from pipelines.rows.texts import FieldReader
from schemas.sample import Unit

Chunk = list[Row]  # rows that filters judge together

_CHUNK = 64  # rows in a chunk, at most
_CHUNK_BYTES = 64 << 20  # of encoded images in a chunk, which bounds memory
_CHUNK_PIXELS = 32 << 20  # of decoded frames in a chunk, if filters read frames


def unit_blocks(
    unit: Unit,
    shard: OpenUnit,
    given: Input,
    filters: FilterChain,
    decoder: RowDecoder,
    *,
    timer: StageTimer,
    block_size: int,
    earlier: EarlierRows | None = None,
    forgotten: Forgotten | None = None,
    skip: int = 0,
    stop: int | None = None,
) -> Iterator[list[Row]]:
    """Yield the rows of a unit in blocks for the engine.

    Rows are made of the samples `skip` to `stop - 1` of the unit, to its end if `stop` is None. A
    block has `block_size` kept rows, and fewer at the end of a part. With `earlier`, verdicts and
    texts come from an earlier output. Samples that are `forgotten` are dropped.

    Raises ShardFault if the shard cannot be read to its end and is not salvaged.
    """

    def ends_part(row: Row) -> bool:
        return (row.index - unit.first_index + 1) % given.max_samples_per_file == 0

    samples = timer.timed_items("read", islice(shard, skip, stop))
    if earlier is None:
        rows = read_rows(unit, samples, shard, given)
    else:

        def read_row(sample: RawSample) -> Row:
            return next(read_rows(unit, [sample], shard, given))

        judged = earlier.rows(unit, unit.first_index + skip)
        rows = join_images(
            islice(judged, None if stop is None else stop - skip),
            samples,
            shard,
            read_row,
            earlier.decide,
        )
    if forgotten:
        rows = drop_forgotten(rows, forgotten)
    chunks = preprocess(in_chunks(rows, ends_part), filters, decoder, timer)
    return in_blocks(chunks, block_size, ends_part)


def preprocess(
    chunks: Iterator[Chunk], filters: FilterChain, decoder: RowDecoder, timer: StageTimer
) -> Iterator[Chunk]:
    """Filter and decode rows; kept rows get a model image if the decoder makes model images."""
    chunks = map(timer.timed("judge", filters.on_bytes), chunks)
    chunks = map(timer.timed("judge", filters.on_texts, len), chunks)
    chunks = map(timer.timed("header", decoder.read_headers, filters.count_to_judge), chunks)
    chunks = map(timer.timed("header", filters.on_header), chunks)
    chunks = decoder.split_by_pixels(chunks, _CHUNK_PIXELS)
    chunks = decoder.decode_ahead(chunks, timer)
    if filters.reads_frames:
        count = filters.count_to_judge
        chunks = map(timer.timed("judge_frames", filters.on_frames, count), chunks)
    return map(free_images, chunks)


def read_rows(
    unit: Unit, samples: Iterable[RawSample], shard: OpenUnit, given: Input
) -> Iterator[Row]:
    """Turn samples into rows with their texts; a sample that cannot be used is `invalid`."""
    reader = FieldReader.of(given)
    for sample in samples:
        row = Row(unit.shard, sample.index, shard.bytes_read, sample.left_out)
        if sample.fault:
            row.reject("invalid", sample.fault)
        elif not sample.image or not all(sample.others):
            row.reject("invalid", "image_empty")
        else:
            row.image = sample.image
            row.others = [RowImage(image) for image in sample.others]
            try:
                row.texts, row.values = reader.read(sample)
            except FieldFault as fault:
                row.reject("invalid", fault.reason)
        yield row


def in_chunks(
    rows: Iterable[Row], ends_part: Callable[[Row], bool] = lambda _: False
) -> Iterator[Chunk]:
    """Group rows into chunks.

    A chunk ends at `_CHUNK` rows, at `_CHUNK_BYTES` of encoded images, or where a part ends.
    """
    chunk: Chunk = []
    size = 0
    for row in rows:
        chunk.append(row)
        size += sum(len(each.image) for each in row.images())
        if len(chunk) == _CHUNK or size >= _CHUNK_BYTES or ends_part(row):
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk


def free_images(chunk: Chunk) -> Chunk:
    """Free the encoded images and frames, which no later step needs."""
    for row in chunk:
        row.free_image()
    return chunk


def in_blocks(
    chunks: Iterable[Chunk], block_size: int, ends_part: Callable[[Row], bool]
) -> Iterator[list[Row]]:
    """Group rows into blocks of `block_size` kept rows; a block ends where a part ends."""
    block: list[Row] = []
    kept = 0
    for chunk in chunks:
        for row in chunk:
            block.append(row)
            kept += row.kept
            if kept == block_size or ends_part(row):
                yield block
                block, kept = [], 0
    if block:
        yield block
