"""Model families: what is particular to one kind of checkpoint; `FAMILIES` is their table."""

from collections.abc import Mapping
from typing import Any

from inference.families.family import ModelFamily
from inference.families.paligemma.family import PaliGemmaFamily

EXAMPLE_CHECKPOINT = "google/paligemma2-3b-mix-224"  # in the job file that `shardmill init` writes
FAMILIES: dict[str, ModelFamily] = {"paligemma": PaliGemmaFamily()}


def find_family(config: Mapping[str, Any]) -> ModelFamily | None:
    """Return the family that recognizes a checkpoint's config.json; None if no family does."""
    return next((family for family in FAMILIES.values() if family.recognizes(config)), None)
