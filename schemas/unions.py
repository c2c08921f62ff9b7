"""Unions of a closed list of configurations and a user's own instances from Python."""

from collections.abc import Callable
from typing import Any

from pydantic import Discriminator

LISTED, INSTANCE, OWN_CLASS = "listed", "instance", "own_class"  # tags of the members


def listed_or_instance(
    base: type, names_own_class: Callable[[object], bool] = lambda value: False
) -> Discriminator:
    """Return a discriminator: an instance of `base` is INSTANCE, everything else is LISTED.

    A value for which `names_own_class` is true is OWN_CLASS.

    The union is a plain union, because behind a wrapping validator pydantic's strict JSON mode
    would refuse a list for a tuple.
    """

    def tag(value: Any) -> str:
        if isinstance(value, base):
            return INSTANCE
        return OWN_CLASS if names_own_class(value) else LISTED

    return Discriminator(tag)
