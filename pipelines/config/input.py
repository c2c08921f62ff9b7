"""The job file's `input`: the shards, and the fields that are read from each sample."""

import re
from typing import Literal

from pydantic import Field, PositiveInt, field_validator

from schemas.frozen import Frozen, Seconds
from schemas.path_text import check_characters


class Limits(Frozen):
    """Limits of a sample; a sample that exceeds one is `invalid`."""

    max_pixels: PositiveInt = 100_000_000
    """The largest width x height of an image, in pixels, inclusive."""
    max_frames: PositiveInt = 10_000
    """The most frames of an animation, or pages of a TIFF, inclusive."""
    max_animation_pixels: PositiveInt = 1_000_000_000
    """The most pixels of all frames of an image together, inclusive."""
    max_decode_seconds: Seconds = 60
    """The longest time for decoding one image, in seconds."""
    max_image_bytes: PositiveInt = 100_000_000
    """The largest size of an encoded image, in bytes, inclusive."""
    max_text_characters: PositiveInt = 100_000
    """The most characters of each text, inclusive."""
    max_text_bytes: PositiveInt = 10_000_000
    """The largest size of a text or JSON member, in bytes, inclusive."""
    max_key_characters: PositiveInt = 1000
    """The most characters of a sample's key, inclusive."""
    max_members: PositiveInt = 100
    """The most members of a sample, inclusive."""


class Input(Frozen):
    """The shards, and the fields that are read from their samples."""

    shards: str | tuple[str, ...]
    """A pattern, or a list of patterns, that names the shards.

    Shards are `.tar`, `.tar.gz`, `.tgz` and `.parquet` files, and folders of images
    (`photos/`). A pattern may have `{00000..00099}`, `*`, `?`, `[ab]` and `**`.
    """
    text: str | None = "txt"
    """The source text: a tar member's or file's extension, a Parquet column, or `json:field`.

    `json:outer.inner` reads a field within a field. Null: the job reads no source text.
    """
    image: str | None = None
    """The image: a Parquet column, or the extension of tar members or files (`left.jpg`).

    Null: the only column that is a struct with `bytes`, or that is binary with a usual name; the
    only member with an extension of images.
    """
    carry: tuple[str, ...] = ()
    """Further texts that become columns, written like `text`.

    Each column is named after the extension or the last field.
    """
    on_bad_shard: Literal["fail", "salvage"] = "fail"
    """What to do with a damaged shard.

    `fail`: the shard is reported as failed. `salvage`: the samples before the damage are
    committed, and footer, summary and `verify` say so.
    """
    max_samples_per_file: PositiveInt = 10_000
    """The most samples of an output file; larger shards are committed in parts."""
    decode: Literal["exact", "reduced"] = "exact"
    """How JPEGs are decoded.

    `exact`: at full size. `reduced`: at the smallest scale (1/2, 1/4, 1/8) that covers the
    model's resolution, which is faster and changes pixels slightly.
    """
    truncated: Literal["refuse", "accept"] = "refuse"
    """What to do with a JPEG, PNG or GIF that ends before its pixels do.

    `refuse`: the sample is `invalid`. `accept`: the rows of pixels that the file has are used, if
    they are at least `min_decoded_rows`; the columns `truncated` and `decoded_rows` say so.
    """
    min_decoded_rows: float = Field(0.9, gt=0, le=1)
    """The least share of rows that a truncated image must have, inclusive."""
    frames: PositiveInt = Field(8, le=256)
    """The most frames of an animation, or pages, that image filters judge.

    These are the first, the last, and frames evenly between them. The model gets the first
    frame.
    """
    limits: Limits = Limits()
    """Limits of a sample; a sample that exceeds one is `invalid`."""

    @field_validator("shards")
    @classmethod
    def _well_named(cls, shards: str | tuple[str, ...]) -> str | tuple[str, ...]:
        patterns = [shards] if isinstance(shards, str) else shards
        if not patterns or not all(patterns):
            raise ValueError("name at least one shard, such as data/{00000..00099}.tar")
        for pattern in patterns:
            check_characters(pattern)
        return shards

    @field_validator("image")
    @classmethod
    def _names_image(cls, image: str | None) -> str | None:
        if image is not None and not re.fullmatch(r"[^:./\s][^:/\s]*", image):
            raise ValueError(
                f"{image!r} is neither a column nor an extension, such as jpg or left.jpg"
            )
        return image

    @field_validator("text", "carry")
    @classmethod
    def _well_formed(cls, value: str | tuple[str, ...] | None) -> str | tuple[str, ...] | None:
        for source in [value] if isinstance(value, str) else value or ():
            if not re.fullmatch(r"[^:.\s]+(\.[^:.\s]+)*|json:[^:\s]+", source):
                raise ValueError(
                    f"{source!r} is neither an extension or column, such as txt, nor json:field"
                )
        return value

    def accepted_rows(self) -> float | None:
        """Return the least share of rows of a truncated image that is accepted; None: none is."""
        return self.min_decoded_rows if self.truncated == "accept" else None

    def patterns(self) -> tuple[str, ...]:
        """Return the patterns of `shards` as a tuple, even if there is only one."""
        return (self.shards,) if isinstance(self.shards, str) else self.shards

    def sources(self) -> list[tuple[str, str]]:
        """Return the sources of texts as (key of the job file, source), such as ("text", "txt")."""
        return [("text", source) for source in [self.text] if source] + [
            ("carry", source) for source in self.carry
        ]

    def carried(self) -> dict[str, str]:
        """Return column name -> source of each carried column: `json:meta.url` becomes `url`."""
        return {source.rpartition(":")[2].rpartition(".")[2]: source for source in self.carry}

    def text_sources(self) -> dict[str, str]:
        """Return column name -> source of each text; the source text comes first."""
        return {**({"source_text": self.text} if self.text else {}), **self.carried()}

    def text_members(self) -> frozenset[str]:
        """Return the extensions of tar members, or names of Parquet columns, that hold texts."""
        return frozenset(source.partition(":")[0] for _, source in self.sources())
