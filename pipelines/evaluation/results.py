"""The results of an evaluation, as they are stored and printed as JSON."""

from collections.abc import Mapping

from schemas.frozen import Frozen


class Value(Frozen):
    """A value of a metric with its bootstrap interval of 95 %."""

    value: float | None
    """The value of all samples; null without samples."""
    low: float | None
    """The lower end of the interval."""
    high: float | None
    """The upper end of the interval."""


class Comparison(Frozen):
    """How the other output's value of a metric differs, on the same samples."""

    difference: Value
    """The other output's value minus that of the output."""
    better: int | None = None
    """The samples with a higher score in the other output; null if samples have no scores."""
    worse: int | None = None
    """The samples with a lower score in the other output; null if samples have no scores."""
    p_value: float
    """Two-sided, by a randomization test with 1,000 draws."""


class PartValues(Frozen):
    """The values of the samples of one part."""

    samples: int
    """The judged samples."""
    values: Mapping[str, Value]
    """The value of each result of the metrics."""


class EntailmentJudge(Frozen):
    """A model that decided which sentences the references entail."""

    source: str
    """The hub id, or the absolute path or the URL of a folder."""
    version: str
    """The commit of a hub id, or the digest of a folder."""
    label: str
    """The label of the model that meant entailment."""


class Evaluation(Frozen):
    """How the answers of an output compare with references, or with another output's answers."""

    output: str
    """The fingerprint of the output's job."""
    task: str
    """The judged task."""
    truth: str | None
    """The column, or the pattern of the files, of the references."""
    truth_version: str | None = None
    """The SHA-256 of the paths, sizes and times of the files of references; null for a column."""
    against: str | None
    """The fingerprint of the other output's job."""
    samples: Mapping[str, int]
    """How many samples are judged, and how many are not, by reason."""
    values: Mapping[str, Value]
    """The value of each result of the metrics, of all judged samples."""
    by: str | None
    """The column whose values divide the samples."""
    parts: Mapping[str, PartValues]
    """The values of each part, by the value of the column."""
    averages: Mapping[str, Mapping[str, float]]
    """Of `by: language`, the means over languages of each metric."""
    comparisons: Mapping[str, Comparison]
    """The comparison of each metric's first result."""
    entailment: EntailmentJudge | None = None
    """The model that decided entailment for `non_entailed`; null if none was needed."""
