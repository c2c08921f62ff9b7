"""Reads what documents take of the evaluations that `shardmill evaluate --safety` stored."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict


class _Stored(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)


class StoredShare(_Stored):
    """The share of answers whose score reaches the threshold, with its interval."""

    value: float
    low: float
    high: float
    samples: int


class StoredFilterSafety(_Stored):
    """The shares of one filter's scores."""

    filter: str
    values: Mapping[str, StoredShare]  # by score
    subgroups: Mapping[str, Mapping[str, Mapping[str, StoredShare]]]  # by column, subgroup, score


class SafetyRecord(_Stored):
    """A stored evaluation of safety."""

    task: str
    threshold: float
    filters: tuple[StoredFilterSafety, ...]

    def rows(self) -> "Iterator[SafetyRow]":
        """Yield the shares of all samples, then those of subgroups, of each filter."""
        for each in self.filters:
            for score, share in each.values.items():
                yield SafetyRow(each.filter, score, "", "all samples", share)
            for column, subgroups in each.subgroups.items():
                for subgroup, shares in subgroups.items():
                    for score, share in shares.items():
                        yield SafetyRow(each.filter, score, column, subgroup, share)


class SafetyRow(NamedTuple):
    """One share."""

    filter: str
    score: str
    column: str  # of the subgroup; "" for all samples
    subgroup: str
    share: StoredShare
