"""The base class of every configuration."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

# Timers of the operating system take neither less than microseconds nor more than centuries.
Seconds = Annotated[float, Field(ge=0.001, le=1e9)]


class Frozen(BaseModel):
    """A pydantic model that is immutable and refuses unknown keys, NaN and infinity.

    The string below a field is the field's description in the JSON Schema and in the docs.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler, /
    ) -> JsonSchemaValue:
        # pydantic's own `use_attribute_docstrings` parses the source at every import, which takes
        # a quarter of the time of `plan`.
        from schemas.field_descriptions import field_descriptions

        schema = handler(core_schema)
        properties = handler.resolve_ref_schema(schema).get("properties", {})
        for name, description in field_descriptions(cls).items():
            if name in properties:
                properties[name].setdefault("description", description)
        return schema
