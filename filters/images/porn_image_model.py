"""Drop pairs whose image a classifier calls pornographic, in any of its frames."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

from filters.base import ImageFilter, Judge
from filters.classifiers.class_labels import Activation, ClassLabels
from filters.classifiers.frame_outputs import frame_outputs
from filters.classifiers.model_filter import IMAGE_PROCESSOR, ModelFilter
from filters.classifiers.thresholds import Bounds, Threshold, verdict_from_scores
from filters.limits import Limit, drop_and_quarantine_at
from schemas.resources import Resources
from schemas.sample import Sample
from schemas.verdict import Verdict

if TYPE_CHECKING:
    from filters.classifiers.hugging_face import ImageClassifier  # which imports torch


_REASON = "pornographic_image"


class PornImageModel(ModelFilter, ImageFilter):
    """Keep images if the probability of `label` is < drop_at in every frame.

    A probability >= quarantine_at quarantines the image. There is no default model: its training
    data and its thresholds must fit the data to be filtered.
    """

    rules: ClassVar = "2"
    judges_safety: ClassVar = True
    thresholds: ClassVar = frozenset({"drop_at", "quarantine_at"})
    needs: ClassVar = (IMAGE_PROCESSOR,)
    kind: Literal["porn_image_model"] = "porn_image_model"
    """The name of this filter."""
    label: str = "nsfw"
    """The model's label whose probability counts, in any case; it also names the score."""
    heads: Activation = "auto"
    """The activation over the model's outputs; `auto`: by the model's configuration."""
    drop_at: Threshold = 0.5
    """The probability from which an image is dropped, inclusive."""
    quarantine_at: Threshold | None = None
    """The probability from which an image is quarantined, inclusive.

    It is below `drop_at`. Null: no image is quarantined.
    """

    def check(self, resources: Resources) -> None:
        labels = ClassLabels.read(resources.model(*self.models()))
        labels.index_of(self.label, "label")
        labels.are_independent(self.heads)
        self._bounds()

    def load(self, resources: Resources) -> Judge[Sample]:
        from filters.classifiers.hugging_face import ImageClassifier

        folder = resources.model(*self.models())
        labels = ClassLabels.read(folder)
        index = labels.index_of(self.label, "label")
        independent = labels.are_independent(self.heads)
        classifier = ImageClassifier(folder, resources, independent=independent)
        return _Judge(classifier, self.label, index, self._bounds())

    def decide(self, scores: Mapping[str, float]) -> Verdict | None:
        return self._bounds().decide(scores, _REASON) if self.label in scores else None

    def limits(self, score: str) -> tuple[Limit, ...]:
        return (
            drop_and_quarantine_at(score, self.drop_at, self.quarantine_at)
            if score == self.label
            else ()
        )

    def _bounds(self) -> Bounds:
        return Bounds.resolve((self.label,), self.drop_at, self.quarantine_at)


@dataclass(frozen=True, slots=True)
class _Judge:
    classifier: "ImageClassifier"
    label: str
    index: int  # of the label among the model's outputs
    bounds: Bounds

    def judge(self, items: Sequence[Sample]) -> list[Verdict]:
        return [
            verdict_from_scores({self.label: probabilities}, self.bounds, reason=_REASON)
            for probabilities in frame_outputs(self.classifier, items, self.index)
        ]
