"""Drop pairs whose image a model of the operator's choice finds ugly, in any of its frames."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

from filters.base import ImageFilter, Judge
from filters.classifiers.class_labels import Activation, ClassLabels
from filters.classifiers.frame_outputs import frame_outputs
from filters.classifiers.lowest_score import decide_lowest, verdict_from_lowest
from filters.classifiers.model_filter import IMAGE_PROCESSOR, ModelFilter
from filters.limits import Limit, lowest
from schemas.errors import JobError
from schemas.resources import Resources
from schemas.sample import Sample
from schemas.verdict import Verdict

if TYPE_CHECKING:
    from filters.classifiers.hugging_face import ImageClassifier  # which imports torch

_REASON = "image_unaesthetic"


class AestheticModel(ModelFilter, ImageFilter):
    """Keep images whose aesthetic score is >= min in every frame.

    The score is the probability of `label`; without `label`, it is the only output of a model that
    was trained for regression.
    """

    thresholds: ClassVar = frozenset({"min"})
    needs: ClassVar = (IMAGE_PROCESSOR,)
    kind: Literal["aesthetic_model"] = "aesthetic_model"
    """The name of this filter."""
    label: str | None = None
    """The model's label whose probability is the score, in any case.

    Null: the model has one output, which is the score as it is.
    """
    heads: Activation = "auto"
    """The activation over the model's outputs, with `label`; `auto`: by the configuration."""
    min: float
    """The lowest score of an image, inclusive."""

    def check(self, resources: Resources) -> None:
        labels = ClassLabels.read(resources.model(*self.models()))
        if self.label is not None:
            labels.index_of(self.label, "label")
            labels.are_independent(self.heads)
            if not 0 <= self.min <= 1:
                raise JobError(f"min: {self.min:g} is no probability: choose it from 0 to 1")
        elif len(labels.names) != 1:
            raise JobError(
                f"label: is missing: the model has several outputs: take one of {labels}"
            )

    def load(self, resources: Resources) -> Judge[Sample]:
        from filters.classifiers.hugging_face import ImageClassifier, ImageRegression

        self.check(resources)
        folder = resources.model(*self.models())
        if self.label is None:
            return _Judge(ImageRegression(folder, resources), 0, self.min)
        labels = ClassLabels.read(folder)
        independent = labels.are_independent(self.heads)
        classifier = ImageClassifier(folder, resources, independent=independent)
        return _Judge(classifier, labels.index_of(self.label, "label"), self.min)

    def limits(self, score: str) -> tuple[Limit, ...]:
        return lowest("min", self.min) if score == "aesthetic" else ()

    def decide(self, scores: Mapping[str, float]) -> Verdict | None:
        return decide_lowest("aesthetic", scores, self.min, reason=_REASON)


@dataclass(frozen=True, slots=True)
class _Judge:
    classifier: "ImageClassifier"
    index: int  # of the score among the model's outputs
    lowest: float

    def judge(self, items: Sequence[Sample]) -> list[Verdict]:
        return [
            verdict_from_lowest("aesthetic", scores, self.lowest, reason=_REASON)
            for scores in frame_outputs(self.classifier, items, self.index)
        ]
