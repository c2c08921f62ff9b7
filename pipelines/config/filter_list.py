"""Reads filters that are named outside of a job file."""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from filters import AnyFilter, Filter
from pipelines.config.validation_errors import first_fault
from schemas.errors import JobError
from schemas.frozen import Frozen


class _Filters(Frozen):
    filters: tuple[AnyFilter, ...]
    """The filters."""


def read_filter_list(listed: Sequence[str | Mapping[str, Any] | Filter]) -> tuple[Filter, ...]:
    """Return filters that are given by kind, as a job file does, or as instances.

    Raises JobError, which names `filters` and the position, if one is wrong.
    """
    data = {"filters": [{"kind": each} if isinstance(each, str) else each for each in listed]}
    try:
        return _Filters.model_validate(data).filters
    except ValidationError as error:
        raise JobError(first_fault(error, data, _Filters)) from None
