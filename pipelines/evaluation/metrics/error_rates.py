"""Error rates of transcriptions: of characters, words, lines and symbols."""

from abc import abstractmethod
from collections.abc import Hashable, Mapping, Sequence
from math import inf
from typing import cast

import numpy as np

from pipelines.evaluation.metrics.edit_distance import edit_distance
from pipelines.evaluation.metrics.metric import Floats, Metric, Scored, ratio


class ErrorRate(Metric):
    """Edits from the closest reference, divided by its length, summed over the corpus.

    An empty answer has a rate of 1, and a longer wrong one a higher rate. An empty reference
    counts as one part.
    """

    highest = inf
    higher_is_better = False

    @abstractmethod
    def parts(self, text: str) -> Sequence[Hashable]:
        """Return what edits insert, delete and replace."""

    def statistics(self, samples: Sequence[Scored]) -> Floats:
        rows = [self._closest(cast(str, each.prediction), each.references) for each in samples]
        return np.array(rows, np.float64).reshape(-1, 2)

    def values(self, sums: Floats, samples: Floats | float) -> Mapping[str, Floats]:
        return {self.name: ratio(sums[..., 0], sums[..., 1])}

    def _closest(self, answer: str, references: tuple[object, ...]) -> tuple[int, int]:
        given = self.parts(answer)
        wanted = [self.parts(cast(str, text)) for text in references]
        edits = [(edit_distance(given, each), max(len(each), 1)) for each in wanted]
        return min(edits, key=lambda pair: pair[0] / pair[1])


class Cer(ErrorRate):
    """The error rate of characters."""

    name = "cer"
    results = ("cer",)

    def parts(self, text: str) -> Sequence[Hashable]:
        return text


class Wer(ErrorRate):
    """The error rate of words, which white space separates."""

    name = "wer"
    results = ("wer",)

    def parts(self, text: str) -> Sequence[Hashable]:
        return text.split()


class Ler(ErrorRate):
    """The error rate of lines, as of **kern scores in GrandStaff."""

    name = "ler"
    results = ("ler",)

    def parts(self, text: str) -> Sequence[Hashable]:
        return text.strip().splitlines()


class Ser(ErrorRate):
    """The error rate of symbols: what white space separates in a line, and the ends of lines."""

    name = "ser"
    results = ("ser",)

    def parts(self, text: str) -> Sequence[Hashable]:
        lines = [line.split() for line in text.strip().splitlines()]
        return [symbol for line in lines for symbol in [*line, "\n"]]
