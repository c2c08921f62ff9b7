"""Responsibility filters; `AnyFilter` is the one list of them."""

from typing import Annotated, Any

from pydantic import Discriminator, Field, InstanceOf, SerializeAsAny, Tag
from pydantic.json_schema import SkipJsonSchema

from filters.datacomp_basic import DatacompBasic
from filters.filter import Filter, ImageFilter, TextFilter
from filters.hash_list import HashList
from filters.image_format import ImageFormat
from filters.image_quality import ImageQuality
from filters.image_size import ImageSize
from filters.perceptual_hash_list import PerceptualHashList
from filters.personal_data import PersonalData
from filters.personal_data_model import PersonalDataModel
from filters.porn_image import PornImageModel
from filters.text_quality import TextQuality
from filters.text_safety import TextSafetyRules
from filters.text_safety_model import TextSafetyModel
from filters.toxicity import ToxicityRules
from filters.toxicity_model import ToxicityModel

_Listed = Annotated[
    HashList
    | PerceptualHashList
    | DatacompBasic
    | ImageFormat
    | ImageQuality
    | ImageSize
    | PersonalData
    | PersonalDataModel
    | PornImageModel
    | TextQuality
    | TextSafetyModel
    | TextSafetyRules
    | ToxicityModel
    | ToxicityRules,
    Field(discriminator="kind"),
]


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
    "DatacompBasic",
    "Filter",
    "HashList",
    "ImageFilter",
    "ImageFormat",
    "ImageQuality",
    "ImageSize",
    "PerceptualHashList",
    "PersonalData",
    "PersonalDataModel",
    "PornImageModel",
    "TextFilter",
    "TextQuality",
    "TextSafetyModel",
    "TextSafetyRules",
    "ToxicityModel",
    "ToxicityRules",
]
