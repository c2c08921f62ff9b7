"""Averages over languages, as COCO-35L and Crossmodal-3600 are published."""

from collections.abc import Mapping


def language_averages(values: Mapping[str, float]) -> dict[str, float]:
    """Return `en`, the mean of the other languages, and the mean of all, from values by language.

    The mean of the others is named by their number, as `avg34`. Each language counts alike, and
    its value comes from its samples alone, document frequencies included. What has no samples is
    left out.
    """
    others = [value for language, value in values.items() if language != "en"]
    averages = {"en": values["en"]} if "en" in values else {}
    if others:
        averages[f"avg{len(others)}"] = sum(others) / len(others)
    if values:
        averages["avg"] = sum(values.values()) / len(values)
    return averages
