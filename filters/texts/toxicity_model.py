"""Drop texts that a classifier calls toxic; the attributes are named as in Perspective API."""

from collections.abc import Mapping
from typing import ClassVar, Literal, get_args

from filters.classifiers.class_labels import ClassLabels
from filters.classifiers.text_model_filter import TextModelFilter
from schemas.errors import JobError

Attribute = Literal[
    "toxicity",
    "severe_toxicity",
    "identity_attack",
    "insult",
    "threat",
    "profanity",
    "sexually_explicit",
]
# Other names of the attributes in models on the hub. Labels that name groups of people, as some of
# unbiased-toxic-roberta do, say whom a text mentions and not that it is toxic: they are left out.
_OTHER_NAMES: Mapping[str, tuple[str, ...]] = {
    "toxicity": ("toxic",),
    "severe_toxicity": ("severe_toxic",),
    "identity_attack": ("identity_hate",),
    "profanity": ("obscene",),
    "sexually_explicit": ("sexual_explicit",),
}


class ToxicityModel(TextModelFilter):
    """Keep texts whose toxicity attributes are all below the thresholds."""

    reason: ClassVar = "text_toxic"
    kind: Literal["toxicity_model"] = "toxicity_model"
    """The name of this filter."""
    labels: Mapping[Attribute, str] = {}
    """The model's label for each attribute; empty: found by the attributes' usual names."""

    def scores(self, labels: ClassLabels) -> Mapping[str, int]:
        if self.labels:
            return {name: labels.index_of(label, "labels") for name, label in self.labels.items()}
        names = [label.casefold().replace(" ", "_").replace("-", "_") for label in labels.names]
        indices = {
            attribute: names.index(name)
            for attribute in get_args(Attribute)
            for name in (attribute, *_OTHER_NAMES.get(attribute, ()))
            if name in names
        }
        if not indices:
            raise JobError(
                f"labels: none of the model's labels ({labels}) is known: say which is which, "
                "as in {toxicity: LABEL_1}"
            )
        return indices
