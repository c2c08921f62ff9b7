"""Finds the images of output rows again, in the shards from which they were read."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from hashlib import sha256
from typing import NamedTuple, cast

from pipelines.config.input import Input, Limits
from pipelines.images import (
    DecodeOptions,
    DecoderProcess,
    EncodedImage,
    ImageFault,
    side_by_side,
)
from pipelines.reading import RawSample, open_unit
from pipelines.storage.storage import Storage
from schemas.errors import ShardFault
from schemas.sample import RGB, Unit

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


def find_row_images(
    rows: Sequence[StoredRow], units: Iterable[Unit], input_config: Input, storage: Storage
) -> list[RowImage]:
    """Return the rows with their images, read from the shards as the job's `input` says.

    The image is None if the row was not kept, or if the image is gone or has changed.
    """
    units_by_shard: dict[object, list[Unit]] = defaultdict(list)
    for unit in sorted(units, key=lambda unit: unit.first_index):
        units_by_shard[unit.shard].append(unit)
    rows_by_unit: dict[Unit, dict[int, StoredRow]] = defaultdict(dict)
    for row in rows:
        if row["status"] == "kept":
            index = cast(int, row["index"])
            candidates = [u for u in units_by_shard[row["shard"]] if u.first_index <= index]
            rows_by_unit[candidates[-1]][index] = row
    with _decoder(input_config) as first_frame:
        images: dict[tuple[object, object], RGB] = {
            (unit.shard, index): image
            for unit, rows_of_unit in rows_by_unit.items()
            for index, image in _images_of_unit(
                unit, rows_of_unit, input_config, storage, first_frame
            )
        }
    return [RowImage(row, images.get((row["shard"], row["index"]))) for row in rows]


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
    rows: Mapping[int, StoredRow],
    input_config: Input,
    storage: Storage,
    first_frame: Callable[[bytes], RGB],
) -> Iterator[tuple[int, RGB]]:
    """Yield index and upright pixels of each row's sample; stop at the first fault of the shard.

    A sample whose image has changed or cannot be decoded is left out.
    """
    last = max(rows)
    unit = replace(unit, version="")  # digests tell whether an image has changed
    try:
        with open_unit(unit, storage, input_config, texts=False) as samples:
            for raw in samples:
                if raw.index in rows:
                    has_several = input_config.images is not None
                    image = _pixels(raw, rows[raw.index], has_several, first_frame)
                    if image is not None:
                        yield raw.index, image
                if raw.index == last:
                    return
    except (OSError, ShardFault):
        return


def _pixels(
    raw: RawSample, row: StoredRow, has_several: bool, first_frame: Callable[[bytes], RGB]
) -> RGB | None:
    images = (raw.image, *raw.others)
    stored = cast(Sequence[Mapping[str, object]], row["images"] if has_several else [row])
    if [sha256(image).hexdigest() for image in images] != [each["sha256"] for each in stored]:
        return None
    try:
        return side_by_side(list(map(first_frame, images)))
    except ImageFault:
        return None
