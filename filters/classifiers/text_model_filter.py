"""The base of filters that judge texts by a classifier: labels, languages, long texts."""

import re
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field, PositiveInt

from filters.base import Judge, TextFilter
from filters.classifiers.class_labels import Activation, ClassLabels
from filters.classifiers.model_filter import TOKENIZER, ModelFilter
from filters.classifiers.thresholds import Bounds, Thresholds, verdict_from_scores
from filters.limits import Limit, drop_and_quarantine_at
from filters.text_analysis.language_detection import is_in_languages
from schemas.resources import Resources
from schemas.sample import Text
from schemas.verdict import Verdict, indeterminate, keep

if TYPE_CHECKING:
    from filters.classifiers.hugging_face import (  # which imports torch
        Probabilities,
        TextClassifier,
    )

# Texts of ASCII without letters, such as numeric keys: they are not judged.
_WITHOUT_LETTERS = re.compile(r"[\s\x00-@\[-`{-\x7f]*")


class TextModelFilter(ModelFilter, TextFilter):
    """Keep texts whose scores are below the thresholds in every window of the text.

    A text in a language that the model does not know is indeterminate; a text of uncertain language
    is judged. A text of ASCII without letters is kept without a score.
    """

    rules: ClassVar = "3"
    needs: ClassVar = (TOKENIZER,)
    thresholds: ClassVar = frozenset({"drop_at", "quarantine_at"})
    reason: ClassVar[str]
    heads: Activation = "auto"
    """The activation over the model's outputs; `auto`: by the model's configuration."""
    drop_at: Thresholds = 0.8
    """The probability from which a text is dropped, inclusive.

    One number for all scores, or a number for some of them by name.
    """
    quarantine_at: Thresholds | None = None
    """The probability from which a text is quarantined, inclusive.

    It is written like `drop_at`, and below `drop_at`. Null: no text is quarantined.
    """
    languages: tuple[str, ...] = ()
    """The ISO 639 codes of the languages that the model knows; empty: all languages."""
    max_tokens: PositiveInt = Field(512, ge=16)
    """The most tokens of a window of text, or the model's own limit if that is lower."""

    @abstractmethod
    def scores(self, labels: ClassLabels) -> Mapping[str, int]:
        """Map each score to the index of its label; raise JobError for an unknown label."""

    def check(self, resources: Resources) -> None:
        labels = ClassLabels.read(resources.model(*self.models()))
        labels.are_independent(self.heads)
        self._bounds(labels)

    def load(self, resources: Resources) -> Judge[Text]:
        from filters.classifiers.hugging_face import TextClassifier

        folder = resources.model(*self.models())
        labels = ClassLabels.read(folder)
        independent = labels.are_independent(self.heads)
        classifier = TextClassifier(folder, resources, self.max_tokens, independent=independent)
        return _Judge(self, classifier, self.scores(labels), self._bounds(labels))

    def decide(self, scores: Mapping[str, float]) -> Verdict | None:
        bounds = Bounds.of_stored(scores, self.drop_at, self.quarantine_at)
        return bounds.decide(scores, self.reason)

    def limits(self, score: str) -> tuple[Limit, ...]:
        return drop_and_quarantine_at(score, self.drop_at, self.quarantine_at)

    def _bounds(self, labels: ClassLabels) -> Bounds:
        return Bounds.resolve(tuple(self.scores(labels)), self.drop_at, self.quarantine_at)


@dataclass(frozen=True, slots=True)
class _Judge:
    filter: TextModelFilter
    classifier: "TextClassifier"
    scores: Mapping[str, int]
    bounds: Bounds

    def judge(self, items: Sequence[Text]) -> list[Verdict]:
        without_model = [self._verdict_without_model(item) for item in items]
        # Equal texts, such as labels of detections, are classified once.
        texts = dict.fromkeys(
            item.value
            for item, verdict in zip(items, without_model, strict=True)
            if verdict is None
        )
        probabilities = dict(zip(texts, self.classifier.judge(list(texts)), strict=True))
        return [
            self._verdict(probabilities[item.value]) if verdict is None else verdict
            for item, verdict in zip(items, without_model, strict=True)
        ]

    def _verdict_without_model(self, item: Text) -> Verdict | None:
        """Return the verdict on a text that the model does not judge; None for any other text."""
        if _WITHOUT_LETTERS.fullmatch(item.value):
            return keep()
        if self.filter.languages and not is_in_languages(item, self.filter.languages):
            return indeterminate("language_unsupported")
        return None

    def _verdict(self, probabilities: "Probabilities") -> Verdict:
        """Return the verdict on one text; `probabilities` has the shape [windows, labels]."""
        values = {score: probabilities[:, index] for score, index in self.scores.items()}
        return verdict_from_scores(values, self.bounds, reason=self.filter.reason)
