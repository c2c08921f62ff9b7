"""Drop texts that a classifier calls unsafe: sexual, violent or whatever its labels name."""

from collections.abc import Mapping
from typing import ClassVar, Literal

from pydantic import Field

from filters.classifiers.class_labels import ClassLabels
from filters.classifiers.text_model_filter import TextModelFilter


class TextSafetyModel(TextModelFilter):
    """Keep texts whose scores are below the thresholds; the job names scores and labels."""

    reason: ClassVar = "text_unsafe"
    kind: Literal["text_safety_model"] = "text_safety_model"
    """The name of this filter."""
    labels: Mapping[str, str] = Field(min_length=1)
    """The model's label for each score, such as `{sexual: S}`."""

    def scores(self, labels: ClassLabels) -> Mapping[str, int]:
        return {name: labels.index_of(label, "labels") for name, label in self.labels.items()}
