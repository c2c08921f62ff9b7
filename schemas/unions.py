"""Unions of a closed list of configurations and a user's own instances from Python."""

from typing import Any

from pydantic import Discriminator

LISTED, INSTANCE = "listed", "instance"  # tags of the two members


def listed_or_instance(base: type) -> Discriminator:
    """Return a discriminator: an instance of `base` is INSTANCE, everything else is LISTED.

    The union is a plain union, because behind a wrapping validator pydantic's strict JSON mode
    would refuse a list for a tuple.
    """

    def tag(value: Any) -> str:
        return INSTANCE if isinstance(value, base) else LISTED

    return Discriminator(tag)
