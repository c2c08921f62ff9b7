"""What every metric offers: statistics of each sample, and values from their sums.

A corpus's value is a function of the sum of its samples' statistics: of a mean, of counts, of
lengths. So scores of samples, values of a corpus, of a subgroup and of a bootstrap resample
all come from the same two methods, and a million samples are a matrix of a few columns.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import ClassVar, Literal, NamedTuple, Self

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

Kind = Literal["text", "boxes", "masks", "words"]
"""What a metric compares: texts, labeled boxes, masks, or texts with boxes."""


TEXT_TASKS = ("caption", "alt_text", "describe", "ocr", "vqa", "question", "prompt")
"""The kinds of the tasks whose answers are texts."""


class Scored(NamedTuple):
    """A prediction with its references, both as `values.read` returns them."""

    prediction: object  # str; for places a tuple of BoxedLabel, or a Mask
    references: tuple[object, ...]  # at least one str; for places the objects of the image
    failed: bool = False  # the job has no whole answer: the prediction is empty
    # Metrics take a failed answer for one of the size of the references of which nothing is right.


class Metric(ABC):
    """A metric whose value of a corpus follows from the summed statistics of its samples."""

    name: ClassVar[str]
    """The name in a command, such as `cider`."""
    kind: ClassVar[Kind] = "text"
    """What predictions and references are."""
    tasks: ClassVar[tuple[str, ...]] = TEXT_TASKS
    """The kinds of the tasks whose answers the metric takes."""
    results: ClassVar[tuple[str, ...]]
    """The names of the values of a corpus; the first one is also the score of a sample."""
    lowest: ClassVar[float] = 0.0
    """The least value of the first result."""
    highest: ClassVar[float] = 1.0
    """The greatest value of the first result; may be infinite."""
    higher_is_better: ClassVar[bool | None] = True
    """Whether a higher first result is better; None for a description, such as a length."""
    reads_references_first: ClassVar[bool] = False
    """Whether `prepared` reads the references of all samples; otherwise it takes none."""
    needs_entailment: ClassVar[bool] = False
    """Whether a model that decides entailment computes the statistics."""
    samples_at_once: ClassVar[int] = 5_000
    """How many samples `statistics` should be given at most, so that memory stays bounded."""
    group: ClassVar[str | None] = None
    """What column groups samples that are scored as one, such as `pair`; None for most metrics."""

    def prepared(self, references: Iterable[tuple[object, ...]]) -> Self:
        """Return the metric that knows the references of all samples, each sample's once.

        The iterable is read to its end, in one pass, if `reads_references_first`.
        """
        del references
        return self

    @abstractmethod
    def statistics(self, samples: Sequence[Scored]) -> Floats:
        """Return the statistics of each sample, [samples, k]; k depends on the metric alone."""

    @abstractmethod
    def values(self, sums: Floats, samples: Floats | float) -> Mapping[str, Floats]:
        """Return each of `results` from sums of statistics, [..., k], as arrays [...].

        `samples`, [...], are the numbers of samples (or groups) in the sums, at least 1.
        """

    def merged(self, statistics: Floats, groups: npt.NDArray[np.intp]) -> Floats:
        """Return the statistics of groups, [groups, k], from those of their samples.

        `groups`, [samples], holds the group of each sample, numbered from 0 without gaps.
        """
        raise NotImplementedError(f"{self.name} scores each sample alone")

    def scores(self, statistics: Floats) -> Floats:
        """Return the score of each sample, [samples]: the first result of the sample alone."""
        return self.values(statistics, 1.0)[self.results[0]]

    def corpus(self, statistics: Floats) -> Mapping[str, float]:
        """Return the results of all samples; NaN for a corpus without samples."""
        if not len(statistics):
            return dict.fromkeys(self.results, float("nan"))
        values = self.values(statistics.sum(axis=0), float(len(statistics)))
        return {name: float(value) for name, value in values.items()}


class MeanMetric(Metric):
    """A metric whose value of a corpus is the mean of its samples' scores.

    A failed answer scores 0.
    """

    @abstractmethod
    def score(self, prediction: object, references: tuple[object, ...]) -> float:
        """Return the score of one prediction."""

    def statistics(self, samples: Sequence[Scored]) -> Floats:
        scores = [0.0 if each.failed else self.score(*each[:2]) for each in samples]
        return np.array(scores, np.float64).reshape(-1, 1)

    def values(self, sums: Floats, samples: Floats | float) -> Mapping[str, Floats]:
        return {self.results[0]: sums[..., 0] / samples}


def ratio(part: Floats, whole: Floats) -> Floats:
    """Return part / whole, and 0 where the whole is 0."""
    return np.divide(part, whole, out=np.zeros_like(whole, np.float64), where=whole != 0)
