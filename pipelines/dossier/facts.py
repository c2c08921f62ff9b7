"""The facts about an output from which all documents of its dossier are written."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipelines.dossier.row_scan import RowScan
from pipelines.evaluation.results import Evaluation
from pipelines.evaluation.safety_record import SafetyRecord
from pipelines.planning.provenance import FilterVersion, Provenance
from schemas.report import Counts, FilterCounts

_ISO_639_1 = 2  # letters of a code


@dataclass(frozen=True, slots=True)
class FilterFact:
    """A filter: its version, its settings without paths, and what it did."""

    name: str
    version: FilterVersion
    settings: Mapping[str, Any]
    counts: FilterCounts | None  # None: an earlier output's, or on answers alone
    rejected: Mapping[str, int]  # reason -> samples

    @property
    def rate(self) -> float | None:
        """The share of the samples that it saw and rejected; None if it saw none."""
        if self.counts is None or not self.counts.seen:
            return None
        return (self.counts.dropped + self.counts.quarantined) / self.counts.seen


@dataclass(frozen=True, slots=True)
class TaskFact:
    """A task: its kind, its prompt, and how its answers ended."""

    name: str
    kind: str
    prompt: str  # {field} stands for a field; empty: more of the sample decides
    answers: Mapping[str, int]  # status -> kept samples
    tokens: int  # of all answers
    withheld: Mapping[str, int]  # filter/reason -> answers


@dataclass(frozen=True, slots=True)
class ColumnFact:
    """A column of the rows."""

    name: str
    type: str
    role: str  # identity | content | carried | answer | provenance


@dataclass(frozen=True, slots=True)
class Facts:
    """All that the rows and the record of an output tell."""

    name: str
    record: str  # SHA-256 of the job's record
    provenance: Provenance
    terms: tuple[str, ...]  # of use of the model
    shards: int
    shard_bytes: int
    shard_names: tuple[str, ...]  # the first ones
    formats: tuple[str, ...]  # extensions of the shards
    missing_units: int  # not committed
    units: int
    counts: Counts
    filters: tuple[FilterFact, ...]
    tasks: tuple[TaskFact, ...]
    columns: tuple[ColumnFact, ...]
    rows: RowScan
    evaluations: Mapping[str, Evaluation]  # by name
    safety: Mapping[str, SafetyRecord]  # likewise, of `evaluate --safety`
    damaged_evaluations: tuple[str, ...]  # names of files that cannot be read
    has_video: bool
    has_text: bool
    images_judged: bool

    @property
    def has_subgroups(self) -> bool:
        """Whether an evaluation has the values of subgroups."""
        return any(each.by for each in self.evaluations.values()) or any(
            row.column for each in self.safety.values() for row in each.rows()
        )

    def languages(self) -> dict[str, int]:
        """Return the kept samples of each language that a filter detected in the source text."""
        found = (key.rpartition("/") for key in self.counts.languages)
        return {
            language: self.counts.languages[f"{language}/{status}"]
            for language, _, status in found
            if status == "kept"
        }

    def language_codes(self) -> list[str]:
        """Return the codes of ISO 639-1 among the languages."""
        return sorted(name for name in self.languages() if len(name) == _ISO_639_1)
