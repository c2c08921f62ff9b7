"""The base class of every configuration."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

# Timers of the operating system take neither less than microseconds nor more than centuries.
Seconds = Annotated[float, Field(ge=0.001, le=1e9)]


class Frozen(BaseModel):
    """A pydantic model that is immutable and refuses unknown keys, NaN and infinity.

    The string below a field is the field's description in the JSON Schema and in the docs.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True
    )
