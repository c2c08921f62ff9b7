"""Replace by placeholders, or drop, personal data that a token classifier finds, such as names.

Stands beside the rules of `personal_data` in a job: what one of them replaced, the other leaves.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from pydantic import AfterValidator, Field, PositiveInt

from filters.base import Judge, TextFilter
from filters.classifiers.class_labels import Labels
from filters.text_analysis.entity_spans import Infotypes, find_entities
from filters.text_analysis.redaction import redact_matches
from schemas.models import ModelReference
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


class PersonalDataModel(TextFilter):
    """Keep texts with what the model finds of the infotypes replaced by `[INFOTYPE]`.

    A score is the highest probability of a token to be of an infotype, whether by the label of its
    beginning or of its inside.
    """

    kind: Literal["personal_data_model"] = "personal_data_model"
    model: str = Field(min_length=1)  # a token classifier: a hub id, or a folder
    revision: str = "main"  # of a hub id: branch, tag or commit; resolved to a commit once
    labels: Mapping[str, Infotype] = Field(min_length=1)  # its label, less B- or I- -> infotype
    min_score: float = Field(0.5, gt=0, le=1)  # probability of a token, inclusive
    action: Literal["redact", "drop"] = "redact"
    max_tokens: PositiveInt = Field(512, ge=16)  # of a window; fewer where the model takes fewer

    def models(self) -> tuple[ModelReference, ...]:
        return (ModelReference(self.model, self.revision),)

    def check(self, resources: Resources) -> None:
        Infotypes.of(Labels.of(resources.model(*self.models())), self.labels)

    def load(self, resources: Resources) -> Judge[Text]:
        from filters.classifiers.hugging_face import TokenClassifier

        folder = resources.model(*self.models())
        infotypes = Infotypes.of(Labels.of(folder), self.labels)
        return _Judge(self, TokenClassifier(folder, resources, self.max_tokens), infotypes)


@dataclass(frozen=True, slots=True)
class _Judge:
    filter: PersonalDataModel
    classifier: "TokenClassifier"
    infotypes: Infotypes

    def judge(self, items: Sequence[Text]) -> list[Verdict]:
        texts = dict.fromkeys(item.value for item in items)  # alike ones are read once
        read = zip(texts, self.classifier.judge(list(texts)), strict=True)
        verdicts = {text: self._judge(text, windows) for text, windows in read}
        return [verdicts[item.value] for item in items]

    def _judge(self, text: str, windows: Sequence["Window"]) -> Verdict:
        names = self.infotypes.names
        chances = np.concatenate([self.infotypes.chances(window) for window in windows])
        highest = np.fmax.reduce(chances, axis=0, initial=0)
        scores = dict(zip(names, highest.tolist(), strict=True))
        if not np.isfinite(chances).all():
            return indeterminate("score_not_finite", scores)
        entities = find_entities(text, windows, self.infotypes, self.filter.min_score)
        if not entities:
            return keep(scores)
        if self.filter.action == "drop":
            return drop("personal_data", scores)
        redacted, counts = redact_matches(text, entities)
        return redact(redacted, counts, scores)
