"""Tells values that are read from the record of an output from those that a user writes now."""

from typing import Any

from pydantic import ValidationInfo

RECORDED: dict[str, Any] = {"recorded": True}  # the context of such a validation


def is_recorded(info: ValidationInfo) -> bool:
    """Return whether a validated value is from a record: it may have keys without effect."""
    return info.context == RECORDED
