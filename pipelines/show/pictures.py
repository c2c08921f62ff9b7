"""Finds the images of rows again, in the shards they were read from."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Any, cast

from pipelines.images import EncodedImage, ImageFault
from pipelines.shards import (
    IMAGE_EXTENSIONS,
    CountedStream,
    Limits,
    RawSample,
    read_shard,
)
from pipelines.show.sheet import Picture
from pipelines.show.stored import Row
from pipelines.storage import storage_for
from schemas.errors import ShardFault
from schemas.sample import RGB, Unit

_LARGEST = 1 << 30  # bytes; what a run has kept has passed the job's own limits
_IMAGES = Limits(dict.fromkeys(IMAGE_EXTENSIONS, _LARGEST), members=1 << 20)


def pictures(rows: Sequence[Row], units: Iterable[Unit]) -> list[Picture]:
    """The rows with their images; without one where it was not kept, is gone or has changed."""
    wanted: dict[object, dict[int, Row]] = defaultdict(dict)
    for row in rows:
        if row["status"] == "kept":
            wanted[row["shard"]][cast(int, row["index"])] = row
    images = {
        (unit.shard, index): image
        for unit in units
        if unit.shard in wanted
        for index, image in _images(unit, wanted[unit.shard])
    }
    return [
        Picture(row, images.get((cast(Any, row["shard"]), cast(Any, row["index"])))) for row in rows
    ]


def _images(unit: Unit, wanted: Mapping[int, Row]) -> Iterator[tuple[int, RGB]]:
    """Index and upright pixels of each wanted sample, as far as the shard can be read."""
    last = max(wanted)
    try:
        with storage_for(unit.path).open(unit.path) as stream:
            for raw in read_shard(CountedStream(stream), _IMAGES):
                if raw.index in wanted and (image := _decoded(raw, wanted[raw.index])) is not None:
                    yield raw.index, image
                if raw.index == last:
                    return
    except (OSError, ShardFault):
        return


def _decoded(raw: RawSample, row: Row) -> RGB | None:
    for content in raw.members.values():
        if sha256(content).hexdigest() == row["sha256"]:
            try:
                pixels = cast(int, row["width"]) * cast(int, row["height"])
                return EncodedImage.open(content, max_pixels=pixels).decode()
            except ImageFault:
                return None
    return None
