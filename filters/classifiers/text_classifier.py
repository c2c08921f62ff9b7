"""What filters that judge texts by a classifier share: labels by name, languages, long texts."""

import re
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field, PositiveInt

from filters.base import Judge, TextFilter
from filters.classifiers.class_labels import Heads, Labels
from filters.classifiers.thresholds import Bounds, Thresholds, judged
from filters.text_analysis.language_detection import detect
from schemas.models import ModelReference
from schemas.resources import Resources
from schemas.sample import Text
from schemas.verdict import Verdict, indeterminate, keep

if TYPE_CHECKING:
    from filters.classifiers.hugging_face import (  # which imports torch
        Probabilities,
        TextClassifier,
    )

_SILENT = re.compile(r"[\s\x00-@\[-`{-\x7f]*")  # keys that are numbers, say


class TextModel(TextFilter):
    """Keep texts all of whose scores are < drop_at, in each window of a long text.

    A text in a language that the model does not know is not judged; one whose language is neither
    told nor sure is. One without letters or anything beyond ASCII is kept without a score.
    """

    reason: ClassVar[str]
    model: str = Field(min_length=1)  # a text classifier: a hub id, or a folder
    revision: str = "main"  # of a hub id: branch, tag or commit; resolved to a commit once
    heads: Heads = "auto"  # what makes probabilities of the model's outputs; auto: as it says
    drop_at: Thresholds = 0.8  # probability, inclusive; one for all scores, or some by name
    quarantine_at: Thresholds | None = None  # likewise, below drop_at
    languages: tuple[str, ...] = ()  # ISO 639 codes that the model knows; none: all
    max_tokens: PositiveInt = Field(512, ge=16)  # of a window; fewer where the model takes fewer

    @abstractmethod
    def scores(self, labels: Labels) -> Mapping[str, int]:
        """The scores, and the number of the model's label that each comes from; JobError."""

    def models(self) -> tuple[ModelReference, ...]:
        return (ModelReference(self.model, self.revision),)

    def check(self, resources: Resources) -> None:
        labels = Labels.of(resources.model(*self.models()))
        labels.are_independent(self.heads)
        self._bounds(labels)

    def load(self, resources: Resources) -> Judge[Text]:
        from filters.classifiers.hugging_face import TextClassifier

        folder = resources.model(*self.models())
        labels = Labels.of(folder)
        independent = labels.are_independent(self.heads)
        classifier = TextClassifier(folder, resources, self.max_tokens, independent=independent)
        return _Judge(self, classifier, self.scores(labels), self._bounds(labels))

    def _bounds(self, labels: Labels) -> Bounds:
        return Bounds.of(tuple(self.scores(labels)), self.drop_at, self.quarantine_at)


@dataclass(frozen=True, slots=True)
class _Judge:
    filter: TextModel
    classifier: "TextClassifier"
    scores: Mapping[str, int]
    bounds: Bounds

    def judge(self, items: Sequence[Text]) -> list[Verdict]:
        unread = [self._unread(item) for item in items]
        # Alike texts, such as labels of detections, are read once.
        read = dict.fromkeys(
            item.value for item, verdict in zip(items, unread, strict=True) if verdict is None
        )
        said = dict(zip(read, self.classifier.judge(list(read)), strict=True))
        return [
            self._judged(said[item.value]) if verdict is None else verdict
            for item, verdict in zip(items, unread, strict=True)
        ]

    def _unread(self, item: Text) -> Verdict | None:
        """The verdict on what the model is not to read."""
        if _SILENT.fullmatch(item.value):
            return keep()
        if self.filter.languages:
            language = item.language.partition("-")[0] or detect(item.value)
            if language and language not in self.filter.languages:
                return indeterminate("language_unsupported")
        return None

    def _judged(self, chances: "Probabilities") -> Verdict:
        found = {score: chances[:, number] for score, number in self.scores.items()}
        return judged(found, self.bounds, reason=self.filter.reason)
