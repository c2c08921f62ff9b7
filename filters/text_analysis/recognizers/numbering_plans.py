"""Checks telephone numbers against the numbering plans of countries in phonenumbers."""

import re
from functools import cache, lru_cache
from typing import NamedTuple

import phonenumbers

# Italy and the Netherlands are left out: with them, more made-up look-alikes matched than with all
# the other regions together.
NATIONAL_REGIONS = ("GB", "FR", "DE", "AU", "JP", "BE", "CH", "AT", "SE", "IN", "CN")


@lru_cache(maxsize=4096)
def is_phone_number(value: str, region: str | None = None) -> bool:
    """Return whether the number is valid in a numbering plan.

    Without a region, the number must begin with + and a country code.
    """
    number = parse(value, region)
    return (
        number is not None
        and phonenumbers.is_possible_number(number)  # quick: validity may ask 25 countries for +1
        and phonenumbers.is_valid_number(number)
    )


def has_length(value: str) -> bool:
    """Return whether the number has a length that is possible in its country.

    The number must begin with + and a country code. Only the length is checked, because the bundled
    numbering plans can be out of date.
    """
    number = parse(value, None)
    return number is not None and (
        phonenumbers.is_possible_number_with_reason(number)
        == phonenumbers.ValidationResult.IS_POSSIBLE
    )


@lru_cache(maxsize=4096)
def is_national_number(value: str) -> bool:
    """Return whether a region has the number, and groups its digits in the same way.

    The regions are NATIONAL_REGIONS. The caller must give a number with at least two groups of
    digits: without groups to compare, most digit strings would be valid in some region. `has_shape`
    is called first, because phonenumbers takes 50 µs per region, and a text of digits has a
    candidate every few characters.
    """
    groups = re.findall(r"\d+", value)
    written = " ".join(groups)
    return any(
        has_shape(region, written) and is_grouped_as_in(region, value, groups)
        for region in NATIONAL_REGIONS
    )


def is_grouped_as_in(region: str, value: str, groups: list[str]) -> bool:
    """Return whether the number is valid in the region, which writes it in these groups."""
    number = parse(value, region)
    if number is None or not phonenumbers.is_valid_number_for_region(number, region):
        return False
    written = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL)
    return re.findall(r"\d+", written) == groups


class _Shape(NamedTuple):
    """One format in which a region writes numbers."""

    written: re.Pattern[str]  # all digits, in groups
    prefix: int  # digits before the number itself: the trunk prefix
    begins: re.Pattern[str]  # the first digits of such a number


class _Shapes(NamedTuple):
    any_written: re.Pattern[str]
    number: re.Pattern[str]  # all numbers of the region
    shapes: tuple[_Shape, ...]


def has_shape(region: str, groups: str) -> bool:
    """Return whether a valid number of the region may be written in these groups.

    `groups` are digits, separated by spaces. False is certain; True must be confirmed by
    `is_grouped_as_in`.
    """
    shapes = _shapes(region)
    if not shapes.any_written.fullmatch(groups):
        return False
    digits = groups.replace(" ", "")
    return any(
        shape.written.fullmatch(groups)
        and shape.begins.match(digits, shape.prefix)
        and shapes.number.fullmatch(digits, shape.prefix)
        for shape in shapes.shapes
    )


@cache
def _shapes(region: str) -> _Shapes:
    """Read the shapes of a region's numbers from the metadata of phonenumbers."""
    metadata = phonenumbers.PhoneMetadata.metadata_for_region(region)
    assert metadata is not None
    assert metadata.general_desc is not None
    shapes = tuple(map(_shape, metadata.number_format))
    any_written = "|".join(dict.fromkeys(shape.written.pattern for shape in shapes))
    number = metadata.general_desc.national_number_pattern or ""
    return _Shapes(re.compile(any_written), re.compile(number), shapes)


def _shape(form: phonenumbers.NumberFormat) -> _Shape:
    """Convert a number format of phonenumbers to a shape.

    The pattern of the format describes the groups of digits, and its template gives their order and
    the trunk prefix.
    """
    template = (form.format or "").replace(r"\1", form.national_prefix_formatting_rule or r"\1", 1)
    marked = re.sub(r"\\(\d)", r"<\1>", template)  # the digits of references are no digits
    prefix = len(re.sub(r"<\d>|\D", "", marked))
    parts = re.findall(r"\(([^()]*)\)", form.pattern or "")
    groups = " ".join(re.findall(r"(?:<\d>|\d)+", marked))
    written = re.sub(r"<(\d)>", lambda match: parts[int(match[1]) - 1], groups)
    begins = form.leading_digits_pattern[-1] if form.leading_digits_pattern else ""
    return _Shape(re.compile(written), prefix, re.compile(begins))


def parse(value: str, region: str | None) -> phonenumbers.PhoneNumber | None:
    """Return the number; None if it cannot be one. Without a region, it must begin with +."""
    try:
        return phonenumbers.parse(value, region)
    except phonenumbers.NumberParseException:
        return None
