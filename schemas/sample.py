"""What is read: the unit of scheduling, the texts and the sample."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

RGB = npt.NDArray[np.uint8]  # upright pixels, [height, width, 3]


@dataclass(frozen=True, slots=True)
class Unit:
    """A shard or, of a Parquet file, some of its row groups: what a worker takes and commits."""

    name: str  # of its output file, unique in a job: path below the listed root, no extension
    path: str  # where the shard lies
    shard: str  # path below the listed root, with its extension: the identity stored in rows
    size: int  # bytes
    version: str  # changes whenever the shard's content does
    row_groups: tuple[int, int] | None = None  # first, and one past the last; None: whole shard
    first_index: int = 0  # of its first sample in the shard


@dataclass(frozen=True, slots=True)
class Text:
    """A text as text filters judge it; `language` is an ISO 639 code, "" when unknown."""

    value: str = field(repr=False)
    language: str = ""


@dataclass(frozen=True, slots=True)
class Sample:
    """An image-text pair; `frames` is filled only where a filter reads frames.

    Pages of a TIFF may differ in size.
    """

    shard: str
    index: int  # position in the shard, from 0
    texts: Mapping[str, Text]  # key, source_text and the carried columns that the sample has
    image: bytes = field(repr=False)  # the encoded image member
    width: int  # pixels of the upright image, from the header: known before decoding
    height: int
    frames: tuple[RGB, ...] = field(default=(), repr=False)  # of an animation, a sample of them
    num_frames: int = 1  # of an animation, or pages, all told
