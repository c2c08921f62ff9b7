"""Drop pairs whose image a classifier takes for pornographic, in whichever of its frames."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np
from pydantic import Field

from filters.base import ImageFilter, Judge
from filters.classifiers.class_labels import Heads, Labels
from filters.classifiers.thresholds import Bounds, Threshold, judged
from schemas.models import ModelReference
from schemas.resources import Resources
from schemas.sample import Sample
from schemas.verdict import Verdict

if TYPE_CHECKING:
    from filters.classifiers.hugging_face import ImageClassifier  # which imports torch


class PornImageModel(ImageFilter):
    """Keep images of whose frames each is `label` with a probability < drop_at.

    From quarantine_at on a person is to look. No model is the default: what it was trained on, and
    where its thresholds lie, must fit the data.
    """

    judges_safety: ClassVar = True
    kind: Literal["porn_image_model"] = "porn_image_model"
    model: str = Field(min_length=1)  # an image classifier: a hub id, or a folder
    revision: str = "main"  # of a hub id: branch, tag or commit; resolved to a commit once
    label: str = "nsfw"  # of the model, whatever its case; names the score too
    heads: Heads = "auto"  # what makes probabilities of the model's outputs; auto: as it says
    drop_at: Threshold = 0.5  # probability, inclusive
    quarantine_at: Threshold | None = None  # probability, inclusive, below drop_at

    def models(self) -> tuple[ModelReference, ...]:
        return (ModelReference(self.model, self.revision),)

    def check(self, resources: Resources) -> None:
        labels = Labels.of(resources.model(*self.models()))
        labels.number(self.label, "label")
        labels.are_independent(self.heads)
        self._bounds()

    def load(self, resources: Resources) -> Judge[Sample]:
        from filters.classifiers.hugging_face import ImageClassifier

        folder = resources.model(*self.models())
        labels = Labels.of(folder)
        number = labels.number(self.label, "label")
        independent = labels.are_independent(self.heads)
        classifier = ImageClassifier(folder, resources, independent=independent)
        return _Judge(classifier, self.label, number, self._bounds())

    def _bounds(self) -> Bounds:
        return Bounds.of((self.label,), self.drop_at, self.quarantine_at)


@dataclass(frozen=True, slots=True)
class _Judge:
    classifier: "ImageClassifier"
    label: str
    number: int  # of the label among the model's outputs
    bounds: Bounds

    def judge(self, items: Sequence[Sample]) -> list[Verdict]:
        chances = iter(self.classifier.judge([frame for item in items for frame in item.frames]))
        return [
            judged(
                {self.label: np.stack([*islice(chances, len(item.frames))])[:, self.number]},
                self.bounds,
                reason="pornographic_image",
            )
            for item in items
        ]
