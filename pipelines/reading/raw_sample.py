"""A sample as it is stored in its shard, before any text is decoded."""

from collections.abc import Mapping
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


def member_limits(input_config: Input, texts: bool) -> dict[str, int]:
    """Return the extensions of the members to read, each with its largest size in bytes, inclusive.

    Without `texts`, only images are read.
    """
    limits = input_config.limits
    members = input_config.text_members() if texts else ()
    return {
        **dict.fromkeys(members, limits.max_text_bytes),
        **dict.fromkeys(IMAGE_EXTENSIONS, limits.max_image_bytes),
    }
