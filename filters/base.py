"""The base of filters: a frozen configuration whose `load` returns the judge of batches."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from math import inf
from struct import pack, unpack
from typing import Any, ClassVar, Literal, Protocol, TypeVar

from pydantic import Field, PrivateAttr, SerializerFunctionWrapHandler, model_serializer

from filters.limits import Limit
from schemas.frozen import Frozen
from schemas.models import ModelReference
from schemas.resources import Resources
from schemas.sample import Sample, Text
from schemas.verdict import Verdict

Item = TypeVar("Item", contravariant=True)

# From mild to severe; the most severe verdict on a row's items decides.
SEVERITY = ("keep", "redact", "quarantine", "drop")
INDETERMINATE = "indeterminate_"  # with a reason: a score of rows with an item that was not judged


def reaches(score: float, threshold: float) -> bool:
    """Return whether score >= threshold in single precision, in which rows store scores."""
    return float32(score) >= float32(threshold)


def float32(value: float) -> float:
    """Round to single precision; a number beyond its range becomes infinite."""
    try:
        return unpack("<f", pack("<f", value))[0]  # type: ignore[no-any-return]
    except OverflowError:
        return inf if value > 0 else -inf


def unique_names(kinds: Sequence[str]) -> list[str]:
    """Return names for rows and reports: the kind, with a number from its second occurrence on.

    The name of a class of the user's own, `module:Class`, is the class's.
    """
    kinds = [kind.rpartition(":")[2] for kind in kinds]
    return [
        f"{kind}_{earlier + 1}" if (earlier := kinds[:index].count(kind)) else kind
        for index, kind in enumerate(kinds)
    ]


class Judge(Protocol[Item]):
    """A judge of batches: one verdict per item, in order. An exception ends the worker."""

    def judge(self, items: Sequence[Item], /) -> list[Verdict]: ...


class Filter(Frozen, ABC):
    """The base of all filters; the job file names a filter by its `kind`."""

    rules: ClassVar[str] = "1"  # version; changes whenever the verdict on any input changes
    # Fields that may change without changing any score: `decide` reads them.
    thresholds: ClassVar[frozenset[str]] = frozenset()
    stores_zeros: ClassVar[bool] = True  # False: of a judged item, a score that is missing is 0
    # The scores that are 0 where a judged item does not have them, unless `stores_zeros`.
    zero_scores: ClassVar[tuple[str, ...]] = ()
    # Installed packages whose versions decide verdicts: they affect the fingerprint.
    versioned_packages: ClassVar[tuple[str, ...]] = ()
    conceals: ClassVar[bool] = False  # True: of a row that it drops, only the reason is stored
    kind: str
    """The name of the filter."""
    on_indeterminate: Literal["quarantine", "drop", "keep"] = "quarantine"
    """What happens to an item that the filter cannot judge."""
    _own_class: str = PrivateAttr("")  # the job file's `kind` of a class of the user's own

    @property
    def recorded_kind(self) -> str:
        """The `kind` in the job file and in job.record: `module:Class` for such a class."""
        return self._own_class or self.kind

    @model_serializer(mode="wrap")
    def _serialize(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        fields: dict[str, Any] = serialize(self)
        return {**fields, "kind": self.recorded_kind} if self._own_class else fields

    def files(self) -> tuple[str, ...]:
        """Return the paths of the files that `load` reads; their digests affect the fingerprint."""
        return ()

    def models(self) -> tuple[ModelReference, ...]:
        """Return the models that `load` reads; `Resources.model` gives their folders.

        Each model is pinned to one commit.
        """
        return ()

    def uses_torch(self) -> bool:
        """Return whether the filter runs one of its models by torch, on a GPU if there is one."""
        return any(reference.library == "transformers" for reference in self.models())

    def columns(self) -> tuple[str, ...]:
        """Return the carried columns that the filter reads; `input.carry` must name each."""
        return ()

    def decide(self, scores: Mapping[str, float]) -> Verdict | None:
        """Return the verdict that follows from the scores of an item; None if they do not suffice.

        The judge decides by this method too, so a verdict can be found again from stored scores.
        """
        return None

    def decide_row(self, scores: Mapping[str, float]) -> Verdict | None:
        """Return the verdict on a row from its stored scores; None if they do not suffice.

        The scores of a row are the highest ones of its items, and `INDETERMINATE` with a reason for
        an item that the filter could not judge.
        """
        found = [name for name in scores if name.startswith(INDETERMINATE)]
        decided = self.decide({name: scores[name] for name in scores if name not in found})
        if not found:
            return decided
        unjudged = Verdict(self.on_indeterminate, found[0].removeprefix(INDETERMINATE))
        verdicts = [unjudged] if decided is None else [decided, unjudged]
        return max(verdicts, key=lambda verdict: SEVERITY.index(verdict.action))

    def limits(self, score: str) -> tuple[Limit, ...]:
        """Return the thresholds of one score, by its name in the filter.

        They must agree with `decide`. Empty if no threshold of the filter is about this score.
        """
        return ()

    def check(self, resources: Resources) -> None:
        """Raise JobError, beginning with the wrong field, if `load` would fail.

        Called while a job is planned.
        """


class TextFilter(Filter):
    """The base of filters that judge texts: source texts, generated texts or both."""

    # prose: of the source, only the source text; of answers, only those without labels and boxes.
    fields: ClassVar[Literal["prose", "all"]] = "all"
    applies_to: Literal["source", "generated", "both"] = "both"
    """The texts that the filter judges: source texts, generated texts or both."""

    @abstractmethod
    def load(self, resources: Resources) -> Judge[Text]: ...


class ImageFilter(Filter):
    """The base of filters that judge samples by their image, or by their carried columns."""

    reads: ClassVar[Literal["bytes", "fields", "header", "frames"]] = "frames"
    judges_safety: ClassVar[bool] = False  # by a model, as `require_image_safety` demands
    # Whether every image of a sample with several is judged, and the worst counts; else the first.
    judges_each_image: ClassVar[bool] = True

    @abstractmethod
    def load(self, resources: Resources) -> Judge[Sample]: ...


class FieldFilter(ImageFilter):
    """The base of filters that judge samples by one carried column, before texts are filtered."""

    reads: ClassVar = "fields"
    judges_each_image: ClassVar = False
    column: str = Field(min_length=1)
    """The carried column that the filter judges; `input.carry` must name it."""

    def columns(self) -> tuple[str, ...]:
        return (self.column,)


# What filters on samples read, in the order in which they run: the encoded image, carried columns
# as they are in the shard, texts, the image size, decoded frames.
Reads = Literal["bytes", "fields", "texts", "header", "frames"]
_READS: tuple[Reads, ...] = ("bytes", "fields", "texts", "header", "frames")


def reads_of(stage: Filter) -> Reads | None:
    """Return what a filter reads of samples; None if it judges generated texts alone."""
    if isinstance(stage, ImageFilter):
        return stage.reads
    return "texts" if isinstance(stage, TextFilter) and stage.applies_to != "generated" else None


def running_order(filters: Mapping[str, Filter]) -> dict[str, Reads]:
    """Return the names of the filters on samples, in the order of their runs, and what each reads.

    Filters that read the same keep the order of `filters`.
    """
    reads = {name: reads_of(stage) for name, stage in filters.items()}
    return {name: group for group in _READS for name, own in reads.items() if own == group}


def scores_of(name: str, scores: Mapping[str, float]) -> dict[str, float]:
    """Return a filter's scores of a row, by their names in the filter."""
    prefix = f"{name}."
    return {key[len(prefix) :]: scores[key] for key in scores if key.startswith(prefix)}


def filter_names(filters: Sequence[Filter]) -> list[str]:
    """Return the names of the filters in rows and reports."""
    return unique_names([stage.recorded_kind for stage in filters])
