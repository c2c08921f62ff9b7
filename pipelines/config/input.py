"""The job file's `input`: the shards, and the fields that are read from each sample."""

from collections.abc import Mapping
from typing import Annotated, Literal, Self

import pyarrow as pa
from pydantic import Field, PositiveInt, ValidationInfo, field_validator, model_validator

from pipelines.config.carried_field import CarriedField, Carry
from pipelines.config.column_type import parse_type
from pipelines.config.field_source import FILE, FieldSource
from pipelines.config.video import VideoFrames
from schemas.frozen import Frozen, Seconds
from schemas.path_text import check_characters
from schemas.recorded import is_recorded


class Limits(Frozen):
    """Limits of a sample; a sample that exceeds one is `invalid`."""

    max_pixels: PositiveInt = 100_000_000
    """The largest width x height of an image, in pixels, inclusive."""
    max_frames: PositiveInt = 10_000
    """The most frames of an animation or a video, or pages of a TIFF, inclusive."""
    max_animation_pixels: PositiveInt = 1_000_000_000
    """The most pixels of all frames of an image together, inclusive.

    Of a video, only the frames that filters judge count.
    """
    max_decode_seconds: Seconds = 60
    """The longest time for decoding one image or video, in seconds."""
    max_images: PositiveInt = Field(16, exclude_if=lambda most: most == 16)
    """The most images of a sample whose images are a list (`images`), inclusive."""
    max_image_bytes: PositiveInt = 100_000_000
    """The largest size of an encoded image or video, in bytes, inclusive."""
    max_text_characters: PositiveInt = 100_000
    """The most characters of each text, inclusive."""
    max_text_bytes: PositiveInt = 10_000_000
    """The largest size of a text or JSON member, in bytes, inclusive."""
    max_key_characters: PositiveInt = 1000
    """The most characters of a sample's key, inclusive."""
    max_members: PositiveInt = 100
    """The most members of a sample, inclusive."""


def _check_image(image: str) -> None:
    source = FieldSource.parse(image)
    positions = [step for step in source.path if isinstance(step, int)]
    if "/" in image or source.each or len(source.path) > 1 or source.path != (*positions,):
        raise ValueError(
            f"{image!r} is neither a column, such as image or images:0, nor an extension, "
            "such as jpg or left.jpg"
        )


class Input(Frozen):
    """The shards, and the fields that are read from their samples."""

    shards: str | tuple[str, ...]
    """A pattern, or a list of patterns, that names the shards.

    Shards are `.tar`, `.tar.gz`, `.tgz`, `.tar.zst` and `.parquet` files, and folders of
    images (`photos/`). A pattern may have `{00000..00099}`, `*`, `?`, `[ab]` and `**`.
    """
    text: str | None = "txt"
    """The source text: a tar member's or file's extension, a Parquet column, or `json:field`.

    `json:outer.inner` reads a field within a field, `json:captions.0` an element of a list, and
    `json:captions.each` all elements, one per line. A name with `.` or `:` is put between quotation
    marks: `json:"alt.text"`. Null: the job reads no source text.
    """
    image: str | None = None
    """The image: a Parquet column, or the extension of tar members or files (`left.jpg`).

    `images:0` takes the first element of a column with a list of images. Null: the only column that
    is a struct with `bytes`, or that is binary with a usual name; the only member with an extension
    of images, or of videos if `video` is set.
    """
    video: VideoFrames | None = Field(None, exclude_if=lambda video: video is None)
    """The frames of videos that the model sees; null: the samples are images.

    Videos are MP4, QuickTime, WebM and Matroska, and animated images. `video: {}` takes eight
    frames. Needs `pip install 'shardmill[video]'`.
    """
    images: Annotated[str, Field(min_length=1)] | tuple[str, ...] | None = Field(
        None, exclude_if=lambda images: images is None
    )
    """Several images of a sample, all of which the model sees in this order, before the prompt.

    A list such as `[left.jpg, right.jpg]` names one image each, as `image` does. A text names a
    Parquet column with lists of images. Null: a sample has one image. How many images a prompt
    takes is decided by the checkpoint, which must be fine-tuned for it.
    """
    key: str | None = None
    """The source of a sample's key, written like `text`.

    Null: the name of a tar's member up to its first dot, the path of an image in its folder, and in
    Parquet files the column `__key__` or the image's `path`.
    """
    carry: Carry = ()
    """Further fields that become columns: a list of sources, written like `text`, or a mapping.

    In a list, each column is named after the extension or the last field. A mapping names the
    columns: `{page_url: "json:url", width: {source: "json:width", type: int64}}`. The source
    `__file__` is the name of the image's member or file.
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
    """The most frames of an animation or a video, or pages, that image filters judge.

    These are the first, the last, and frames evenly between them. The model gets the first
    frame, or those that `video` says.
    """
    pdq: bool = False
    """Whether kept rows get the columns `pdq` and `pdq_quality`, for `shardmill duplicates`.

    The PDQ hash of the first frame, in hexadecimal; null if its quality is at most 49, because the
    hash of a flat image matches anything. With `video`, it is instead the column `pdq_frames`, with
    the hash of each sampled frame (`frames`). Needs `pip install 'shardmill[pdq]'`.
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
        if image is not None:
            _check_image(image)
        return image

    @field_validator("images")
    @classmethod
    def _names_images(cls, images: str | tuple[str, ...] | None) -> str | tuple[str, ...] | None:
        if isinstance(images, str):
            if FieldSource.parse(images).path or "/" in images:
                raise ValueError(f"{images!r} is no column with lists of images")
        elif images is not None:
            for image in images:
                _check_image(image)
            if len({image.lower() for image in images}) < max(len(images), 2):
                raise ValueError("name at least two images, each once, such as left.jpg, right.jpg")
        return images

    @model_validator(mode="after")
    def _check_images(self) -> Self:
        if self.image is not None and self.images is not None:
            raise ValueError("image and images exclude each other: leave out image")
        return self

    @field_validator("text", "key")
    @classmethod
    def _is_source(cls, source: str | None) -> str | None:
        if source is not None:
            FieldSource.parse(source)
        return source

    @field_validator("carry")
    @classmethod
    def _are_sources(cls, carry: Carry) -> Carry:
        for field in carry.values() if isinstance(carry, Mapping) else carry:
            if isinstance(field, str):
                FieldSource.parse(field)
        return carry

    @model_validator(mode="after")
    def _suits_videos(self) -> Self:
        for name, value in (("decode", "reduced"), ("truncated", "accept")):
            if self.video is not None and getattr(self, name) == value:
                raise ValueError(f"`{name}: {value}` is for images: remove it, or `video`")
        return self

    @model_validator(mode="after")
    def _has_effect(self, info: ValidationInfo) -> Self:
        """Refuse keys that change nothing, because of the values of others."""
        if is_recorded(info):
            return self
        default = type(self).model_fields["min_decoded_rows"].default
        if self.truncated != "accept" and self.min_decoded_rows != default:
            raise ValueError("min_decoded_rows: write truncated: accept too, or remove it")
        if not isinstance(self.images, str) and self.limits.max_images != Limits().max_images:
            raise ValueError(
                "limits.max_images: is for a column with lists of images, which images names: "
                "remove it"
            )
        return self

    @model_validator(mode="after")
    def _is_of_images(self) -> Self:
        if self.images is not None and self.video is not None:
            raise ValueError("images and video exclude each other: leave out one of them")
        return self

    def named_images(self) -> tuple[str, ...]:
        """Return the names of the images of a sample; none if its one image is to be found."""
        if isinstance(self.images, tuple):
            return self.images
        return tuple(name for name in (self.image, self.images) if name is not None)

    def most_images(self) -> int:
        """Return the most images in a prompt."""
        if self.video is not None:
            return self.video.frames
        if isinstance(self.images, tuple):
            return len(self.images)
        return 1 if self.images is None else self.limits.max_images

    def images_setting(self) -> str:
        """Return the setting that decides `most_images`."""
        if self.video is not None:
            return "video.frames"
        return "limits.max_images" if isinstance(self.images, str) else "images"

    def accepted_rows(self) -> float | None:
        """Return the least share of rows of a truncated image that is accepted; None: none is."""
        return self.min_decoded_rows if self.truncated == "accept" else None

    @field_validator("carry")
    @classmethod
    def _lists_are_texts(cls, carry: Carry) -> Carry:
        for name, field in carry.items() if isinstance(carry, Mapping) else ():
            if not isinstance(field, str) and field.type and FieldSource.parse(field.source).each:
                raise ValueError(f"{name}: `each` gives a list of texts: remove `type`")
        return carry

    def patterns(self) -> tuple[str, ...]:
        """Return the patterns of `shards` as a tuple, even if there is only one."""
        return (self.shards,) if isinstance(self.shards, str) else self.shards

    def sources(self) -> list[tuple[str, str]]:
        """Return the sources as (key of the job file, source), such as ("text", "txt")."""
        own = (("text", self.text), ("key", self.key))
        return [(key, source) for key, source in own if source] + [
            ("carry", source) for source in self.carried().values()
        ]

    def carried(self) -> dict[str, str]:
        """Return column name -> source of each carried column: `json:meta.url` becomes `url`."""
        if isinstance(self.carry, Mapping):
            fields = self.carry.items()
            return {name: each if isinstance(each, str) else each.source for name, each in fields}
        return {FieldSource.parse(source).column: source for source in self.carry}

    def carried_types(self) -> dict[str, str]:
        """Return column name -> name of the type, of the carried columns that state one."""
        if not isinstance(self.carry, Mapping):
            return {}
        fields = self.carry.items()
        return {name: each.type for name, each in fields if not isinstance(each, str) and each.type}

    def with_types(self, types: Mapping[str, str]) -> Self:
        """Return this input with the types of all its carried columns, by column name."""
        carry = {
            name: CarriedField(source=source, type=types.get(name, "string"))
            for name, source in self.carried().items()
        }
        return self.model_copy(update={"carry": carry})

    def column_types(self) -> dict[str, pa.DataType]:
        """Return column name -> type of each carried column; a column without a type is text."""
        stated = self.carried_types()
        return {
            name: pa.list_(pa.string())
            if FieldSource.parse(source).each
            else parse_type(stated.get(name, "string"))
            for name, source in self.carried().items()
        }

    def text_members(self) -> frozenset[str]:
        """Return the extensions of members, or names of columns, that hold texts and keys."""
        names = (FieldSource.parse(source).name for _, source in self.sources())
        return frozenset(names) - {FILE}
