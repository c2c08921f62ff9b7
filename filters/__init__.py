"""Responsibility filters; `AnyFilter` is the one list of them."""

from typing import Annotated, Any

from pydantic import Discriminator, Field, InstanceOf, SerializeAsAny, Tag
from pydantic.json_schema import SkipJsonSchema

from filters.filter import Filter, ImageFilter, TextFilter
from filters.image_size import ImageSize
from filters.personal_data import PersonalData
from filters.text_quality import TextQuality

_Listed = Annotated[ImageSize | PersonalData | TextQuality, Field(discriminator="kind")]


def _origin(value: Any) -> str:
    return "instance" if isinstance(value, Filter) else "listed"


# One of the listed filters by its `kind`, or an instance of the user's own from Python. As with
# tasks, a union: behind a wrapping validator strict JSON takes no list for a tuple.
AnyFilter = SerializeAsAny[
    Annotated[
        Annotated[_Listed, Tag("listed")]
        | Annotated[SkipJsonSchema[InstanceOf[Filter]], Tag("instance")],
        Discriminator(_origin),
    ]
]

__all__ = [
    "AnyFilter",
    "Filter",
    "ImageFilter",
    "ImageSize",
    "PersonalData",
    "TextFilter",
    "TextQuality",
]
