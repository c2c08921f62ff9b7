"""A unit of work, and a sample with its texts."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

RGB = npt.NDArray[np.uint8]  # upright pixels, [height, width, 3]


@dataclass(frozen=True, slots=True)
class Unit:
    """A shard, or a slice of a shard: the part of the input that a worker takes and commits."""

    name: str  # of the output file, unique in a job: path below the listed root, without extension
    path: str  # the shard's absolute path; of a folder, with "/" at the end
    shard: str  # path below the listed root, with its extension: the identity stored in rows
    size: int  # bytes
    version: str  # changes with the shard's content
    # First, and one past the last, in what the shard's format counts: row groups of a Parquet file,
    # images of a folder. None: the whole shard.
    slice: tuple[int, int] | None = None
    first_index: int = 0  # of its first sample in the shard

    def with_slice(self, slice: tuple[int, int], first_index: int, size: int) -> "Unit":
        """Return a slice of this shard as a unit, named after the number of its first sample."""
        name = f"{self.name}.rows-{first_index:010d}"
        return replace(self, name=name, size=size, slice=slice, first_index=first_index)


class TextBox(NamedTuple):
    """The box of text in an image that a filter found, in pixels of the upright original.

    It covers the columns [left, right) and the rows [top, bottom).
    """

    frame: int  # among the sampled frames, from 0
    left: int
    top: int
    right: int
    bottom: int
    filter: str  # the kind of the text filter


@dataclass(frozen=True, slots=True)
class Text:
    """A text for the text filters; `language` is an ISO 639 code, "" if it is unknown."""

    value: str = field(repr=False)
    language: str = ""


@dataclass(frozen=True, slots=True)
class Sample:
    """An image-text pair; `frames` is empty unless a filter reads frames.

    Pages of a TIFF may differ in size.
    """

    shard: str
    index: int  # position in the shard, from 0
    texts: Mapping[str, Text]  # key, source_text and the carried columns that the sample has
    image: bytes = field(repr=False)  # the encoded image member
    width: int  # pixels of the upright image, from the header: known before decoding
    height: int
    frames: tuple[RGB, ...] = field(default=(), repr=False)  # sampled; the first is included
    num_frames: int = 1  # all frames of an animation, or pages
    # Carried values of columns that are not text, in their own types; texts has them too.
    values: Mapping[str, pa.Scalar] = field(default_factory=dict, repr=False)
    others: tuple[bytes, ...] = field(default=(), repr=False)  # encoded images after the first
    duration: float | None = None  # of a video, in seconds; None: an image, or a file without times
    fps: float | None = None  # frames of a video in a second, on average
    is_video: bool = False  # the model sees frames throughout it, not the first one alone
