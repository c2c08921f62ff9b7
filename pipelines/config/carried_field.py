"""The job file's `input.carry`: fields of samples that become columns."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Discriminator, Tag, field_validator

from pipelines.config.column_type import parse_type
from pipelines.config.field_source import FieldSource
from schemas.frozen import Frozen


class CarriedField(Frozen):
    """A carried column: where its value lies, and its type."""

    source: str
    """The source, written like `text`."""
    type: str | None = None
    """The type of the column, such as `int64`, `float64`, `bool`, `string` or `timestamp[us]`.

    Null: the type of the Parquet column if all shards are Parquet files, else `string`. A value
    that does not fit the type makes its sample `invalid`.
    """

    @field_validator("source")
    @classmethod
    def _is_source(cls, source: str) -> str:
        FieldSource.parse(source)
        return source

    @field_validator("type")
    @classmethod
    def _is_type(cls, name: str | None) -> str | None:
        try:
            if name is not None:
                parse_type(name)
        except ValueError:
            raise ValueError(
                f"{name!r} is no type: take string, int64, float64, bool or timestamp[us]"
            ) from None
        return name


def _form(value: Any) -> str:
    return "mapping" if isinstance(value, Mapping) else "list"


def _form_of_field(value: Any) -> str:
    return "source" if isinstance(value, str) else "field"


Carried = Annotated[
    Annotated[str, Tag("source")] | Annotated[CarriedField, Tag("field")],
    Discriminator(_form_of_field),
]
Carry = Annotated[
    Annotated[tuple[str, ...], Tag("list")] | Annotated[Mapping[str, Carried], Tag("mapping")],
    Discriminator(_form),
]
