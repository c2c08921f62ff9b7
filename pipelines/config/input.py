"""The job file's `input`: the shards, and the fields that are read from each sample."""

import re
from typing import Literal

from pydantic import Field, PositiveInt, field_validator

from schemas.frozen import Frozen, Seconds
from schemas.path_text import check_characters


class Limits(Frozen):
    """Limits of a sample; a sample that exceeds one is `invalid`."""

    max_pixels: PositiveInt = 100_000_000  # width x height of an image, inclusive
    max_frames: PositiveInt = 10_000  # frames of an animation or pages of a TIFF, inclusive
    max_animation_pixels: PositiveInt = 1_000_000_000  # of all frames together, inclusive
    max_decode_seconds: Seconds = 60  # for one image
    max_image_bytes: PositiveInt = 100_000_000  # of the encoded image, inclusive
    max_text_characters: PositiveInt = 100_000  # of each text, inclusive
    max_text_bytes: PositiveInt = 10_000_000  # of a text or JSON member, inclusive
    max_key_characters: PositiveInt = 1000  # inclusive
    max_members: PositiveInt = 100  # of a sample, inclusive


class Input(Frozen):
    """The shards, and the fields that are read from their samples."""

    shards: str | tuple[str, ...]  # paths with {braces} and globs: tars, Parquet, folders
    # Extension of a tar member or a file, name of a column, or json:field; null: no texts.
    text: str | None = "txt"
    image: str | None = None  # Parquet column with the images; null: found by its type or name
    carry: tuple[str, ...] = ()  # further texts that become columns, written like `text`
    on_bad_shard: Literal["fail", "salvage"] = (
        "fail"  # salvage: commit the samples before the damage
    )
    max_samples_per_file: PositiveInt = 10_000  # larger shards are committed in parts
    decode: Literal["exact", "reduced"] = (
        "exact"  # reduced: smallest JPEG scale that the model needs
    )
    frames: PositiveInt = Field(
        8, le=256
    )  # frames of an animation that image filters judge, at most
    limits: Limits = Limits()

    @field_validator("shards")
    @classmethod
    def _well_named(cls, shards: str | tuple[str, ...]) -> str | tuple[str, ...]:
        patterns = [shards] if isinstance(shards, str) else shards
        if not patterns or not all(patterns):
            raise ValueError("name at least one shard, such as data/{00000..00099}.tar")
        for pattern in patterns:
            check_characters(pattern)
        return shards

    @field_validator("text", "carry", "image")
    @classmethod
    def _well_formed(cls, value: str | tuple[str, ...] | None) -> str | tuple[str, ...] | None:
        for source in [value] if isinstance(value, str) else value or ():
            if not re.fullmatch(r"[^:.\s]+|json:[^:\s]+", source):
                raise ValueError(
                    f"{source!r} is neither an extension or column, such as txt, nor json:field"
                )
        return value

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
