"""Finds the images of output rows again, in the shards from which they were read."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from hashlib import sha256
from typing import Any, NamedTuple, cast

from pipelines.config.input import Input, Limits
from pipelines.images import (
    DecodeOptions,
    DecoderProcess,
    EncodedImage,
    ImageFault,
    side_by_side,
)
from pipelines.images.small_picture import cover
from pipelines.operations.stored_samples.unreadable_shards import UNREADABLE, why_unreadable
from pipelines.reading import RawSample, open_unit
from pipelines.storage.storage import Storage
from schemas.errors import ShardFault
from schemas.sample import RGB, TextBox, Unit

# The images of kept rows were within the job's own limits.
_LARGEST = 1 << 30  # pixels and frames
_LIMITS = Limits(max_pixels=_LARGEST, max_frames=_LARGEST, max_animation_pixels=_LARGEST)

StoredRow = Mapping[str, object]  # a row of the output, as `pyarrow.Table.to_pylist` gives it


class RowImage(NamedTuple):
    """A row and its upright image, [height, width, 3], or None if no image can be shown.

    Several images of a sample are beside each other.
    """

    row: StoredRow
    image: RGB | None
    why: str = ""  # no image can be shown


def find_row_images(
    rows: Sequence[StoredRow], units: Iterable[Unit], input_config: Input, storage: Storage
) -> list[RowImage]:
    """Return the rows, in their order, with their images, as `read_row_images` reads them."""
    found = {
        (each.row["shard"], each.row["index"]): each
        for each in read_row_images(rows, units, input_config, storage)
    }
    return [found[row["shard"], row["index"]]._replace(row=row) for row in rows]


def read_row_images(
    rows: Sequence[StoredRow], units: Iterable[Unit], input_config: Input, storage: Storage
) -> Iterator[RowImage]:
    """Yield the rows with their images, read from the shards as the job's `input` says.

    One image is in memory at a time. Rows come in any order. The image is None if the row was not
    kept, or if the image is gone or has changed. Text in an image that a filter found is covered.
    """
    units_by_shard: dict[object, list[Unit]] = defaultdict(list)
    for unit in sorted(units, key=lambda unit: unit.first_index):
        units_by_shard[unit.shard].append(unit)
    rows_by_unit: dict[Unit, dict[int, StoredRow]] = defaultdict(dict)
    for row in rows:
        if row["status"] != "kept":
            yield RowImage(row, None, "the sample was not kept")
            continue
        index = cast(int, row["index"])
        candidates = [u for u in units_by_shard[row["shard"]] if u.first_index <= index]
        rows_by_unit[candidates[-1]][index] = row
    with _decoder(input_config) as first_frame:
        for unit, waiting in rows_by_unit.items():
            why = "its shard has no such sample any more"
            try:
                yield from _images_of_unit(unit, waiting, input_config, storage, first_frame)
            except OSError:
                why = UNREADABLE
            except ShardFault as fault:
                why = why_unreadable(fault)
            yield from (RowImage(row, None, why) for row in waiting.values())


@contextmanager
def _decoder(input_config: Input) -> Iterator[Callable[[bytes], RGB]]:
    """Lend a function that decodes the first frame, upright: of a video, in a decoder process."""
    options = DecodeOptions(None, frames=1, min_decoded_rows=input_config.accepted_rows())
    if input_config.video is None:
        yield lambda data: EncodedImage.open(data, _LIMITS).decode(options).frames[0]
        return
    process = DecoderProcess(_LIMITS, input_config.video)
    try:
        yield lambda data: process.decode(data, options).frames[0]
    finally:
        process.close()


def _images_of_unit(
    unit: Unit,
    waiting: dict[int, StoredRow],
    input_config: Input,
    storage: Storage,
    first_frame: Callable[[bytes], RGB],
) -> Iterator[RowImage]:
    """Yield the rows of a unit with their images, and remove them from `waiting`, by their index.

    Raises ShardFault or OSError if the shard cannot be read so far.
    """
    unit = replace(unit, version="")  # digests tell whether an image has changed
    with open_unit(unit, storage, input_config, texts=False) as samples:
        for raw in samples:
            if (row := waiting.pop(raw.index, None)) is not None:
                yield _row_image(raw, row, input_config, first_frame)
            if not waiting:
                return


def _row_image(
    raw: RawSample, row: StoredRow, input_config: Input, first_frame: Callable[[bytes], RGB]
) -> RowImage:
    images = (raw.image, *raw.others)
    has_several = input_config.images is not None
    stored = cast(Sequence[Mapping[str, object]], row["images"] if has_several else [row])
    if [sha256(image).hexdigest() for image in images] != [each["sha256"] for each in stored]:
        return RowImage(row, None, "the image has changed since its row was written")
    shown: list[RGB] = []
    number = 0  # of an image's first frame, among the frames that filters judge
    try:
        for encoded, facts in zip(images, stored, strict=True):
            image = first_frame(encoded)
            shown.append(cover(image, (image.shape[1], image.shape[0]), _boxes(row, number)))
            number += min(cast(int | None, facts.get("num_frames")) or 1, input_config.frames)
    except ImageFault:
        return RowImage(row, None, "the image cannot be decoded")
    return RowImage(row, side_by_side(shown))


def _boxes(row: StoredRow, frame: int) -> list[TextBox]:
    """Return the boxes of text that a filter found in a frame."""
    boxes = cast(Sequence[Mapping[str, Any]], row.get("text_boxes") or ())
    return [TextBox(**box) for box in boxes if box["frame"] == frame]
