"""Drop texts that a classifier takes for toxic, by the attributes that Perspective API named."""

from collections.abc import Mapping
from typing import ClassVar, Literal, get_args

from filters.classifiers.class_labels import Labels
from filters.classifiers.text_classifier import TextModel
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
# What else the attributes are called by the models on the hub. Labels that name groups of people
# (unbiased-toxic-roberta has some) say whom a text mentions, not that it is toxic.
_ALSO: Mapping[str, tuple[str, ...]] = {
    "toxicity": ("toxic",),
    "severe_toxicity": ("severe_toxic",),
    "identity_attack": ("identity_hate",),
    "profanity": ("obscene",),
    "sexually_explicit": ("sexual_explicit",),
}


class ToxicityModel(TextModel):
    """Keep texts whose attributes of toxicity are all < drop_at."""

    reason: ClassVar = "text_toxic"
    kind: Literal["toxicity_model"] = "toxicity_model"
    labels: Mapping[Attribute, str] = {}  # attribute -> the model's label; none: by usual names

    def scores(self, labels: Labels) -> Mapping[str, int]:
        if self.labels:
            return {name: labels.number(own, "labels") for name, own in self.labels.items()}
        names = [own.casefold().replace(" ", "_").replace("-", "_") for own in labels.names]
        found = {
            attribute: names.index(name)
            for attribute in get_args(Attribute)
            for name in (attribute, *_ALSO.get(attribute, ()))
            if name in names
        }
        if not found:
            raise JobError(
                f"labels: none of the model's labels ({labels}) is known: say which is which, "
                "as in {toxicity: LABEL_1}"
            )
        return found
