"""Responsibility filters; `AnyFilter` is the one list of them."""

from typing import Annotated, Any

from pydantic import Field, SerializeAsAny, ValidatorFunctionWrapHandler, WrapValidator

from filters.filter import Filter, ImageFilter, TextFilter
from filters.image_size import ImageSize
from filters.text_quality import TextQuality

_Listed = Annotated[ImageSize | TextQuality, Field(discriminator="kind")]


def _instance_or_listed(value: Any, listed: ValidatorFunctionWrapHandler) -> Any:
    return value if isinstance(value, Filter) else listed(value)


# One of the listed filters by its `kind`, or an instance of the user's own from Python.
AnyFilter = Annotated[SerializeAsAny[_Listed], WrapValidator(_instance_or_listed)]

__all__ = ["AnyFilter", "Filter", "ImageFilter", "ImageSize", "TextFilter", "TextQuality"]
