"""Responsibility filters; `AnyFilter` lists all of them."""

from typing import Annotated

from pydantic import Field, InstanceOf, PlainValidator, SerializeAsAny, Tag
from pydantic.json_schema import SkipJsonSchema

from filters.base import Filter, ImageFilter, TextFilter
from filters.fields.domains import Domains
from filters.fields.number import Number
from filters.images.aesthetic_model import AestheticModel
from filters.images.datacomp_basic import DatacompBasic
from filters.images.duplicates import Duplicates
from filters.images.hash_list import HashList
from filters.images.image_format import ImageFormat
from filters.images.image_quality import ImageQuality
from filters.images.image_safety_google import ImageSafetyGoogle
from filters.images.image_size import ImageSize
from filters.images.image_text_similarity_model import ImageTextSimilarityModel
from filters.images.open_nsfw import OpenNsfw
from filters.images.opt_out import OptOut
from filters.images.perceptual_hash_list import PerceptualHashList
from filters.images.porn_image_model import PornImageModel
from filters.images.text_in_image import TextInImage
from filters.own_class import load_own_filter, names_own_class
from filters.texts.language import Language
from filters.texts.personal_data import PersonalData
from filters.texts.personal_data_dlp import PersonalDataDlp
from filters.texts.personal_data_model import PersonalDataModel
from filters.texts.personal_data_presidio import PersonalDataPresidio
from filters.texts.text_quality import TextQuality
from filters.texts.text_safety_google import TextSafetyGoogle
from filters.texts.text_safety_model import TextSafetyModel
from filters.texts.text_safety_rules import TextSafetyRules
from filters.texts.toxicity_model import ToxicityModel
from filters.texts.toxicity_perspective import ToxicityPerspective
from filters.texts.toxicity_rules import ToxicityRules
from filters.texts.words import Words
from schemas.unions import INSTANCE, LISTED, OWN_CLASS, listed_or_instance

_Listed = Annotated[
    AestheticModel
    | HashList
    | PerceptualHashList
    | DatacompBasic
    | Domains
    | Duplicates
    | ImageFormat
    | ImageQuality
    | ImageSafetyGoogle
    | ImageSize
    | ImageTextSimilarityModel
    | Language
    | Number
    | OpenNsfw
    | OptOut
    | PersonalData
    | PersonalDataDlp
    | PersonalDataModel
    | PersonalDataPresidio
    | PornImageModel
    | TextInImage
    | TextQuality
    | TextSafetyGoogle
    | TextSafetyModel
    | TextSafetyRules
    | ToxicityModel
    | ToxicityPerspective
    | ToxicityRules
    | Words,
    Field(discriminator="kind"),
]


# One of the listed filters by its `kind`; a user's own instance from Python, or a user's own class
# by `kind: "module:Class"`.
AnyFilter = SerializeAsAny[
    Annotated[
        Annotated[_Listed, Tag(LISTED)]
        | Annotated[SkipJsonSchema[InstanceOf[Filter]], Tag(INSTANCE)]
        | Annotated[
            SkipJsonSchema[Annotated[Filter, PlainValidator(load_own_filter)]], Tag(OWN_CLASS)
        ],
        listed_or_instance(Filter, names_own_class),
    ]
]
__all__ = [
    "AestheticModel",
    "AnyFilter",
    "DatacompBasic",
    "Domains",
    "Duplicates",
    "Filter",
    "HashList",
    "ImageFilter",
    "ImageFormat",
    "ImageQuality",
    "ImageSafetyGoogle",
    "ImageSize",
    "ImageTextSimilarityModel",
    "Language",
    "Number",
    "OpenNsfw",
    "OptOut",
    "PerceptualHashList",
    "PersonalData",
    "PersonalDataDlp",
    "PersonalDataModel",
    "PersonalDataPresidio",
    "PornImageModel",
    "TextFilter",
    "TextInImage",
    "TextQuality",
    "TextSafetyGoogle",
    "TextSafetyModel",
    "TextSafetyRules",
    "ToxicityModel",
    "ToxicityPerspective",
    "ToxicityRules",
    "Words",
]
