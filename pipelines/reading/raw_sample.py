"""A sample as it lies in its shard, and what of it is wanted."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

IMAGE_EXTENSIONS = ("jpg", "jpeg", "png", "webp", "gif", "tif", "tiff", "bmp", "avif")


class Wanted(NamedTuple):
    """What is read of each sample; what exceeds a size is left unread."""

    fields: frozenset[str]  # extensions of a tar's members, columns of a Parquet file
    image: str | None = None  # the Parquet column that holds the images; None: found by its type
    max_image_bytes: int = 1 << 62
    max_text_bytes: int = 1 << 62  # of each field
    max_members: int = 1 << 62  # of a sample in a tar, of whatever extension

    def limit(self, extension: str) -> int:
        """Bytes up to which a member of that extension is read; -1: not at all."""
        if extension in IMAGE_EXTENSIONS:
            return self.max_image_bytes
        return self.max_text_bytes if extension in self.fields else -1


@dataclass(slots=True)
class RawSample:
    """The image as a file, and what texts are made of; a sample with a fault has neither."""

    index: int  # position in the shard, from 0
    key: str | None = field(default=None, repr=False)  # None: the shard has no keys
    image: bytes = field(default=b"", repr=False)
    fields: Mapping[str, object] = field(default_factory=dict, repr=False)  # UTF-8, or JSON's types
    fault: str = ""  # why it cannot be used, as a code
