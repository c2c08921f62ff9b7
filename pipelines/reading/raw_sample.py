"""A sample as it is stored in its shard, before any text is decoded."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

_JPEG_EXTENSIONS = ("jpg", "jpeg", "jpe", "jfif")
IMAGE_EXTENSIONS = (*_JPEG_EXTENSIONS, "png", "webp", "gif", "tif", "tiff", "bmp", "avif")
VIDEO_EXTENSIONS = ("mp4", "m4v", "mov", "webm", "mkv")
ANIMATION_EXTENSIONS = ("gif", "apng", "webp", "png", "avif")
MAX_FIELD = 1 << 20  # bytes of a field's value in SampleFields, inclusive


@dataclass(slots=True)
class RawSample:
    """An encoded image and the fields from which texts are read; a faulty sample has neither."""

    index: int  # position in the shard, from 0
    key: str | None = field(default=None, repr=False)  # None: the shard has no keys
    image: bytes = field(default=b"", repr=False)
    # Name -> UTF-8 bytes of a text or JSON, or the value of a Parquet column.
    fields: Mapping[str, object] = field(default_factory=dict, repr=False)
    fault: str = ""  # the reason code of a sample that cannot be used
    left_out: int = 0  # members that macOS added to the shard, since the sample before
    others: tuple[bytes, ...] = field(default=(), repr=False)  # the images after the first
    file: str | None = field(default=None, repr=False)  # name of the image's member or file


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
