"""A sample as it is stored in its shard, before any text is decoded."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from pipelines.config.input import Input

IMAGE_EXTENSIONS = ("jpg", "jpeg", "png", "webp", "gif", "tif", "tiff", "bmp", "avif")


@dataclass(slots=True)
class RawSample:
    """An encoded image and the fields from which texts are read; a faulty sample has neither."""

    index: int  # position in the shard, from 0
    key: str | None = field(default=None, repr=False)  # None: the shard has no keys
    image: bytes = field(default=b"", repr=False)
    # Name -> UTF-8 bytes of a text or JSON, or the value of a Parquet column.
    fields: Mapping[str, object] = field(default_factory=dict, repr=False)
    fault: str = ""  # the reason code of a sample that cannot be used


class MemberContents(Mapping[str, object]):
    """The contents of a sample's members by extension, which is looked up without case."""

    def __init__(self, contents: Mapping[str, bytes]) -> None:
        """Take contents whose extensions are in lower case."""
        self._contents = contents

    def __getitem__(self, extension: str) -> object:
        return self._contents[extension.lower()]

    def __iter__(self) -> Iterator[str]:
        return iter(self._contents)

    def __len__(self) -> int:
        return len(self._contents)


@dataclass(slots=True)
class Field:
    """A field of a sample as its shard holds it: a member of a tar, a file or a column's value."""

    size: int | None  # bytes; None: the shard does not tell
    value: object = field(default=None, repr=False)  # None: an image, or too large to be read


@dataclass(slots=True)
class SampleFields:
    """All fields of one sample, whether the job reads them or not."""

    index: int  # position in the shard, from 0
    key: str | None = field(repr=False)
    fields: Mapping[str, Field] = field(repr=False)  # by extension or column; none is null


MAX_FIELD = 1 << 20  # bytes of a field's value in SampleFields, inclusive


class FieldLimits(Mapping[str, int]):
    """The largest size of members to read when all fields of a sample are listed."""

    def __getitem__(self, extension: str) -> int:
        return -1 if extension in IMAGE_EXTENSIONS else MAX_FIELD

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


def member_limits(input_config: Input, texts: bool) -> dict[str, int]:
    """Return the members to read by extension, each with its largest size in bytes, inclusive.

    Without `texts`, only images are read.
    """
    limits = input_config.limits
    members = input_config.text_members() if texts else ()
    return {
        **dict.fromkeys((name.lower() for name in members), limits.max_text_bytes),
        **dict.fromkeys(IMAGE_EXTENSIONS, limits.max_image_bytes),
    }
