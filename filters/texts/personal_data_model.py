"""Redact personal data, such as names, that a token classifier finds, or drop such texts.

A job can combine it with the rules of `personal_data`: each leaves the other's placeholders alone.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

import numpy as np
from pydantic import AfterValidator, Field, PositiveInt

from filters.base import Judge, TextFilter
from filters.classifiers.class_labels import ClassLabels
from filters.classifiers.model_filter import TOKENIZER, ModelFilter
from filters.text_analysis.entity_spans import InfotypeMapping, find_entities
from filters.text_analysis.redaction import redact_matches
from schemas.resources import Resources
from schemas.sample import Text
from schemas.verdict import Verdict, drop, indeterminate, keep, redact

if TYPE_CHECKING:
    from filters.classifiers.hugging_face import TokenClassifier, Window  # which imports torch


def _as_placeholder(infotype: str) -> str:
    if not re.fullmatch("[A-Z][A-Z0-9_]*", infotype):
        raise ValueError("an infotype is capitals, digits and '_', such as PERSON_NAME")
    return infotype


Infotype = Annotated[str, AfterValidator(_as_placeholder)]


class PersonalDataModel(ModelFilter, TextFilter):
    """Replace the entities that the model finds by `[INFOTYPE]`, or drop the text.

    There is one score per infotype: the highest probability of any token. The probability of a
    token is the sum over all labels of the infotype, such as B- and I-. If a probability is not
    finite, the text is indeterminate.
    """

    needs: ClassVar = (TOKENIZER,)
    kind: Literal["personal_data_model"] = "personal_data_model"
    """The name of this filter."""
    labels: Mapping[str, Infotype] = Field(min_length=1)
    """The infotype of each label of the model: label without B- or I- -> infotype."""
    min_score: float = Field(0.5, gt=0, le=1)
    """The lowest probability at which a token counts, inclusive."""
    action: Literal["redact", "drop"] = "redact"
    """`redact` replaces personal data by placeholders; `drop` drops the sample."""
    max_tokens: PositiveInt = Field(512, ge=16)
    """The most tokens of a window of text, or the model's own limit if that is lower."""

    def check(self, resources: Resources) -> None:
        InfotypeMapping.of(ClassLabels.read(resources.model(*self.models())), self.labels)

    def load(self, resources: Resources) -> Judge[Text]:
        from filters.classifiers.hugging_face import TokenClassifier

        folder = resources.model(*self.models())
        infotypes = InfotypeMapping.of(ClassLabels.read(folder), self.labels)
        return _Judge(self, TokenClassifier(folder, resources, self.max_tokens), infotypes)


@dataclass(frozen=True, slots=True)
class _Judge:
    filter: PersonalDataModel
    classifier: "TokenClassifier"
    infotypes: InfotypeMapping

    def judge(self, items: Sequence[Text]) -> list[Verdict]:
        texts = dict.fromkeys(item.value for item in items)  # equal texts are classified once
        classified = zip(texts, self.classifier.judge(list(texts)), strict=True)
        verdicts = {text: self._judge(text, windows) for text, windows in classified}
        return [verdicts[item.value] for item in items]

    def _judge(self, text: str, windows: Sequence["Window"]) -> Verdict:
        names = self.infotypes.names
        probabilities = np.concatenate([self.infotypes.probabilities(window) for window in windows])
        highest = np.fmax.reduce(probabilities, axis=0, initial=0)
        scores = dict(zip(names, highest.tolist(), strict=True))
        if not np.isfinite(probabilities).all():
            return indeterminate("score_not_finite", scores)
        entities = find_entities(text, windows, self.infotypes, self.filter.min_score)
        if not entities:
            return keep(scores)
        if self.filter.action == "drop":
            return drop("personal_data", scores)
        redacted, counts = redact_matches(text, entities)
        return redact(redacted, counts, scores)
