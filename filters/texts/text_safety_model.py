"""Drop texts that a classifier takes for unsafe: sexual, violent or whatever its labels name."""

from collections.abc import Mapping
from typing import ClassVar, Literal

from pydantic import Field

from filters.classifiers.class_labels import Labels
from filters.classifiers.text_classifier import TextModel


class TextSafetyModel(TextModel):
    """Keep texts whose scores, named and mapped to labels by the job, are all < drop_at."""

    reason: ClassVar = "text_unsafe"
    kind: Literal["text_safety_model"] = "text_safety_model"
    labels: Mapping[str, str] = Field(min_length=1)  # score, such as sexual -> the model's label

    def scores(self, labels: Labels) -> Mapping[str, int]:
        return {name: labels.number(own, "labels") for name, own in self.labels.items()}
