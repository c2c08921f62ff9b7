"""Drop pairs whose image and source text a model such as CLIP finds dissimilar."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from filters.base import ImageFilter, Judge
from filters.classifiers.lowest_score import decide_lowest, verdict_from_lowest
from filters.classifiers.model_filter import IMAGE_PROCESSOR, TOKENIZER, ModelFilter
from filters.limits import Limit, lowest
from schemas.errors import JobError
from schemas.regular_file import read_json
from schemas.resources import Resources
from schemas.sample import Sample
from schemas.verdict import Verdict, indeterminate

if TYPE_CHECKING:
    from filters.classifiers.image_text_model import ImageTextModel  # which imports torch

_REASON = "image_text_dissimilar"
_MODEL_TYPES = ("clip", "siglip")


class ImageTextSimilarityModel(ModelFilter, ImageFilter):
    """Keep images whose cosine similarity to the source text is >= min in every frame.

    The model is a CLIP or a SigLIP of transformers. A sample without a source text is
    indeterminate.
    """

    thresholds: ClassVar = frozenset({"min"})
    needs: ClassVar = (IMAGE_PROCESSOR, TOKENIZER)
    kind: Literal["image_text_similarity_model"] = "image_text_similarity_model"
    """The name of this filter."""
    min: float = Field(ge=-1, le=1)
    """The lowest cosine similarity of an image and its text, inclusive."""

    def check(self, resources: Resources) -> None:
        folder = resources.model(*self.models())
        try:
            config: dict[str, Any] = read_json(folder / "config.json")
            model_type = config.get("model_type")
        except (OSError, ValueError, AttributeError):
            model_type = None
        if model_type not in _MODEL_TYPES:
            raise JobError(
                f"model: {str(folder)!r} is of the type {model_type!r}: take one of the types "
                f"{', '.join(_MODEL_TYPES)}"
            )

    def load(self, resources: Resources) -> Judge[Sample]:
        from filters.classifiers.image_text_model import ImageTextModel

        self.check(resources)
        return _Judge(ImageTextModel(resources.model(*self.models()), resources), self.min)

    def limits(self, score: str) -> tuple[Limit, ...]:
        return lowest("min", self.min) if score == "similarity" else ()

    def decide(self, scores: Mapping[str, float]) -> Verdict | None:
        return decide_lowest("similarity", scores, self.min, reason=_REASON)


@dataclass(frozen=True, slots=True)
class _Judge:
    model: "ImageTextModel"
    lowest: float

    def judge(self, items: Sequence[Sample]) -> list[Verdict]:
        texts = [
            text.value.strip() if (text := item.texts.get("source_text")) else "" for item in items
        ]
        pairs = [(item.frames, text) for item, text in zip(items, texts, strict=True) if text]
        similarities = iter(self.model.similarities(pairs))
        return [
            verdict_from_lowest("similarity", next(similarities), self.lowest, reason=_REASON)
            if text
            else indeterminate("text_absent")
            for text in texts
        ]
