"""Finds the images of rows again, in the shards they were read from."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Any, NamedTuple, cast

from pipelines.config.input import Limits
from pipelines.images import EncodedImage, ImageFault
from pipelines.reading import CountedStream, RawSample, Wanted, read_unit
from pipelines.storage.resolve import storage_for
from schemas.errors import ShardFault
from schemas.sample import RGB, Unit

# What a run has kept has passed the job's own limits.
_LARGEST = 1 << 30  # bytes
_LIMITS = Limits(max_pixels=_LARGEST, max_frames=_LARGEST, max_animation_pixels=_LARGEST)

StoredRow = Mapping[str, object]  # a row of the output, as `pyarrow.Table.to_pylist` gives it


class RowImage(NamedTuple):
    """A row and its upright image, [height, width, 3]; None where the sample was not kept."""

    row: StoredRow
    image: RGB | None


def pictures(
    rows: Sequence[StoredRow], units: Iterable[Unit], column: str | None = None
) -> list[RowImage]:
    """The rows with their images; without one where it was not kept, is gone or has changed.

    `column` is the one that holds the images of Parquet files, where the job names it.
    """
    of_shard: dict[object, list[Unit]] = defaultdict(list)
    for unit in sorted(units, key=lambda unit: unit.first_index):
        of_shard[unit.shard].append(unit)
    chosen: dict[Unit, dict[int, StoredRow]] = defaultdict(dict)
    for row in rows:
        if row["status"] == "kept":
            index = cast(int, row["index"])
            begun = [unit for unit in of_shard[row["shard"]] if unit.first_index <= index]
            chosen[begun[-1]][index] = row
    wanted = Wanted(frozenset(), column, max_image_bytes=_LARGEST)
    images = {
        (unit.shard, index): image
        for unit, rows_of_unit in chosen.items()
        for index, image in _images(unit, rows_of_unit, wanted)
    }
    return [
        RowImage(row, images.get((cast(Any, row["shard"]), cast(Any, row["index"]))))
        for row in rows
    ]


def _images(unit: Unit, rows: Mapping[int, StoredRow], wanted: Wanted) -> Iterator[tuple[int, RGB]]:
    """Index and upright pixels of each row's sample, as far as the shard can be read."""
    last = max(rows)
    try:
        with storage_for(unit.path).open(unit.path) as stream:
            for raw in read_unit(unit, CountedStream(stream), wanted):
                if raw.index in rows and (image := _decoded(raw, rows[raw.index])) is not None:
                    yield raw.index, image
                if raw.index == last:
                    return
    except (OSError, ShardFault):
        return


def _decoded(raw: RawSample, row: StoredRow) -> RGB | None:
    if sha256(raw.image).hexdigest() != row["sha256"]:
        return None
    try:
        return EncodedImage.open(raw.image, _LIMITS).upright().pixels()
    except ImageFault:
        return None
