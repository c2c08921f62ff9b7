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
    counts as one part. A failed answer has an edit for each part of the reference.
    """

    highest = inf
    higher_is_better = False

    @abstractmethod
    def parts(self, text: str) -> Sequence[Hashable]:
        """Return what edits insert, delete and replace."""

    def statistics(self, samples: Sequence[Scored]) -> Floats:
        rows = [self._closest(cast(str, each.prediction), *each[1:]) for each in samples]
        return np.array(rows, np.float64).reshape(-1, 2)

    def values(self, sums: Floats, samples: Floats | float) -> Mapping[str, Floats]:
        return {self.name: ratio(sums[..., 0], sums[..., 1])}

    def _closest(
        self, answer: str, references: tuple[object, ...], failed: bool
    ) -> tuple[int, int]:
        given = self.parts(answer)
        wanted = [self.parts(cast(str, text)) for text in references]
        lengths = [max(len(each), 1) for each in wanted]
        edits = [
            (length if failed else edit_distance(given, each), length)
            for each, length in zip(wanted, lengths, strict=True)
        ]
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
    """The error rate of lines of **kern scores, as GrandStaff's authors compute it.

    Lines end at line feeds alone, and a line feed at the end begins an empty line.
    """

    name = "ler"
    results = ("ler",)

    def parts(self, text: str) -> Sequence[Hashable]:
        return text.split("\n")


class Ser(ErrorRate):
    """The error rate of symbols of **kern scores, as GrandStaff's authors compute it.

    Spaces separate symbols; a tab and a line feed are symbols of their own, with an empty symbol
    between two of them that follow each other.
    """

    name = "ser"
    results = ("ser",)

    def parts(self, text: str) -> Sequence[Hashable]:
        return text.replace("\n", " \n ").replace("\t", " \t ").split(" ")
