"""What a filter is: a frozen configuration whose `load` gives what judges batches."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar, Literal, Protocol, TypeVar

from schemas.frozen import Frozen
from schemas.models import ModelReference
from schemas.resources import Resources
from schemas.sample import Sample, Text
from schemas.verdict import Verdict

Item = TypeVar("Item", contravariant=True)


def numbered(kinds: Sequence[str]) -> list[str]:
    """Names for rows and reports: the kind, numbered from the second of a kind on."""
    return [
        f"{kind}_{earlier + 1}" if (earlier := kinds[:number].count(kind)) else kind
        for number, kind in enumerate(kinds)
    ]


class Judge(Protocol[Item]):
    """Judges a batch: one verdict per item, in order. What it raises ends the worker."""

    def judge(self, items: Sequence[Item], /) -> list[Verdict]: ...


class Filter(Frozen, ABC):
    """Base of all filters; `kind` names one in the job file."""

    rules: ClassVar[str] = "1"  # their version: changes whenever the verdicts on anything do
    conceals: ClassVar[bool] = False  # of what it drops nothing is stored but its own reason
    kind: str
    on_indeterminate: Literal["quarantine", "drop", "keep"] = "quarantine"  # what is not judged

    def files(self) -> tuple[str, ...]:
        """Files the filter reads when it loads; their digests are part of the fingerprint."""
        return ()

    def models(self) -> tuple[ModelReference, ...]:
        """Models the filter loads, each pinned once; `Resources.model` gives their folders."""
        return ()

    def check(self, resources: Resources) -> None:
        """Say while the job is planned what `load` would refuse: JobError, its field first."""


class TextFilter(Filter):
    """Judges texts of the source and of the model alike."""

    fields: ClassVar[Literal["prose", "all"]] = "all"  # prose: no key and no carried columns
    applies_to: Literal["source", "generated", "both"] = "both"

    @abstractmethod
    def load(self, resources: Resources) -> Judge[Text]: ...


class ImageFilter(Filter):
    """Judges samples by their image."""

    reads: ClassVar[Literal["bytes", "header", "frames"]] = "frames"
    judges_safety: ClassVar[bool] = False  # by a model: what `require_image_safety` asks for

    @abstractmethod
    def load(self, resources: Resources) -> Judge[Sample]: ...


def filter_names(filters: Sequence[Filter]) -> list[str]:
    """Names for rows and reports."""
    return numbered([stage.kind for stage in filters])
