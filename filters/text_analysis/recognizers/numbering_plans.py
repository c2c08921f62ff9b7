"""Checks telephone numbers against phonenumbers' numbering plans of countries."""

import re
from functools import cache, lru_cache
from typing import NamedTuple

import phonenumbers

# Italy and the Netherlands are left out: with them, more made-up look-alikes matched than with all
# the other regions together.
NATIONAL_REGIONS = ("GB", "FR", "DE", "AU", "JP", "BE", "CH", "AT", "SE", "IN", "CN")


@lru_cache(maxsize=4096)
def is_phone_number(value: str, region: str | None = None) -> bool:
    """Return whether a numbering plan contains the number.

    Without a region, the number must begin with + and a country code.
    """
    number = _parse(value, region)
    return (
        number is not None
        and phonenumbers.is_possible_number(number)  # quick: validity may ask 25 countries for +1
        and phonenumbers.is_valid_number(number)
    )


def has_length(value: str) -> bool:
    """Return whether the length fits the country; bundled numbering plans can be out of date."""
    number = _parse(value, None)
    return number is not None and (
        phonenumbers.is_possible_number_with_reason(number)
        == phonenumbers.ValidationResult.IS_POSSIBLE
    )


@lru_cache(maxsize=4096)
def is_national_number(value: str) -> bool:
    """Return whether the number is valid in a region and grouped as the region groups numbers.

    The number has at least two groups of digits. Without the check of the groups, most digit
    strings would be valid in some region. The shape is compared first: phonenumbers takes 50 µs
    per region, and a text of digits has a candidate every few characters.
    """
    groups = re.findall(r"\d+", value)
    written = " ".join(groups)
    return any(
        has_shape(region, written) and is_grouped_as_in(region, value, groups)
        for region in NATIONAL_REGIONS
    )


def is_grouped_as_in(region: str, value: str, groups: list[str]) -> bool:
    """Return whether the region has the number, and writes it in these groups of digits."""
    number = _parse(value, region)
    if number is None or not phonenumbers.is_valid_number_for_region(number, region):
        return False
    written = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL)
    return re.findall(r"\d+", written) == groups


class _Shape(NamedTuple):
    """One way in which a region writes numbers."""

    written: re.Pattern[str]  # all digits, in groups
    prefix: int  # digits before the number itself: the trunk prefix
    begins: re.Pattern[str]  # the first digits of such a number


class _Shapes(NamedTuple):
    any_written: re.Pattern[str]
    number: re.Pattern[str]  # all numbers of the region
    shapes: tuple[_Shape, ...]


def has_shape(region: str, groups: str) -> bool:
    """Return whether phonenumbers may write a valid number of the region in these groups."""
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
    """Convert a pattern, and a template of its groups with the trunk prefix, to a shape."""
    template = (form.format or "").replace(r"\1", form.national_prefix_formatting_rule or r"\1", 1)
    marked = re.sub(r"\\(\d)", r"<\1>", template)  # the digits of references are no digits
    prefix = len(re.sub(r"<\d>|\D", "", marked))
    parts = re.findall(r"\(([^()]*)\)", form.pattern or "")
    groups = " ".join(re.findall(r"(?:<\d>|\d)+", marked))
    written = re.sub(r"<(\d)>", lambda match: parts[int(match[1]) - 1], groups)
    begins = form.leading_digits_pattern[-1] if form.leading_digits_pattern else ""
    return _Shape(re.compile(written), prefix, re.compile(begins))


def _parse(value: str, region: str | None) -> phonenumbers.PhoneNumber | None:
    try:
        return phonenumbers.parse(value, region)
    except phonenumbers.NumberParseException:
        return None
