"""The base of filters: a frozen configuration whose `load` returns the judge of batches."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar, Literal, Protocol, TypeVar

from schemas.frozen import Frozen
from schemas.models import ModelReference
from schemas.resources import Resources
from schemas.sample import Sample, Text
from schemas.verdict import Verdict

Item = TypeVar("Item", contravariant=True)


def unique_names(kinds: Sequence[str]) -> list[str]:
    """Names for rows and reports: the kind, with a number from its second occurrence on."""
    return [
        f"{kind}_{earlier + 1}" if (earlier := kinds[:index].count(kind)) else kind
        for index, kind in enumerate(kinds)
    ]


class Judge(Protocol[Item]):
    """Judges a batch: one verdict per item, in order. An exception ends the worker."""

    def judge(self, items: Sequence[Item], /) -> list[Verdict]: ...


class Filter(Frozen, ABC):
    """Base of all filters; the job file names a filter by its `kind`."""

    rules: ClassVar[str] = "1"  # version; changes whenever the verdict on any input changes
    conceals: ClassVar[bool] = False  # a row it drops stores only this filter's reason
    kind: str
    on_indeterminate: Literal["quarantine", "drop", "keep"] = (
        "quarantine"  # for items it could not judge
    )

    def files(self) -> tuple[str, ...]:
        """Paths of files that `load` reads; their digests are part of the fingerprint."""
        return ()

    def models(self) -> tuple[ModelReference, ...]:
        """Models that `load` reads, each pinned once; `Resources.model` gives their folders."""
        return ()

    def check(self, resources: Resources) -> None:
        """Raise while the job is planned what `load` would raise: JobError, its field first."""


class TextFilter(Filter):
    """Base of filters that judge texts, both source texts and generated ones."""

    fields: ClassVar[Literal["prose", "all"]] = "all"  # prose: without the key and carried columns
    applies_to: Literal["source", "generated", "both"] = "both"

    @abstractmethod
    def load(self, resources: Resources) -> Judge[Text]: ...


class ImageFilter(Filter):
    """Base of filters that judge samples by their image."""

    reads: ClassVar[Literal["bytes", "header", "frames"]] = "frames"
    judges_safety: ClassVar[bool] = False  # by a model, as `require_image_safety` demands

    @abstractmethod
    def load(self, resources: Resources) -> Judge[Sample]: ...


def filter_names(filters: Sequence[Filter]) -> list[str]:
    """The names of the filters in rows and reports."""
    return unique_names([stage.kind for stage in filters])
