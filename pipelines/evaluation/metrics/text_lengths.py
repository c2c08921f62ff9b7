"""How long texts are: characters and sentences, as the card of DOCCI lists."""

from collections.abc import Mapping, Sequence
from math import inf
from typing import cast

import numpy as np

from pipelines.evaluation.metrics.metric import Floats, Metric, Scored
from pipelines.evaluation.metrics.sentences import split_sentences


class TextLengths(Metric):
    """The mean number of characters and of sentences of a text. References are not read."""

    name = "lengths"
    results = ("characters", "sentences")
    highest = inf
    higher_is_better = None

    def statistics(self, samples: Sequence[Scored]) -> Floats:
        texts = [cast(str, each.prediction) for each in samples]
        rows = [(len(text), len(split_sentences(text))) for text in texts]
        return np.array(rows, np.float64).reshape(-1, 2)

    def values(self, sums: Floats, samples: Floats | float) -> Mapping[str, Floats]:
        return {name: sums[..., place] / samples for place, name in enumerate(self.results)}
