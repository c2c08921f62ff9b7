"""Finds answers of a task that differ from those of its first units.

A unit gives one observation of each characteristic: a share, stabilized as Anscombe (1948) does
(2 · arcsin √((k + 3/8) / (n + 3/4))), or the logarithm of the mean length. The last observations
are compared with the first ones by two tests, and both must find a difference: Student's t for the
prediction of a mean allows for later units with fewer answers than the first ones; the rank-sum
test allows for units that differ in any way, such as a rare other kind, as long as their order is
random. It needs several units, so that a single one is a change only if its answers are grossly
different. Bonferroni's bound over all units of the job, characteristics, tasks and windows keeps
the probability of a false alarm in a whole run below the one that is asked for.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import asin, log, sqrt
from typing import NamedTuple, Self

from pipelines.config.drift import DriftSettings
from pipelines.drift.rank_sum import fewest_later, rank_sum_p
from pipelines.drift.student_t import two_sided_p
from schemas.answer_statistics import AnswerStatistics
from schemas.frozen import Frozen

CHARACTERISTICS = ("empty", "refusals", "repetitive", "other_language", "length")
_TIMES_FEWEST = (1, 2, 4)  # windows, beside a single observation, in the fewest of a change
_LEAST_LENGTH = 0.1  # tokens, of a unit whose answers are all empty
_GROSS_SHARE = 0.9  # of answers that change in a single unit
_GROSS_LENGTH = 4.0  # how many times longer or shorter the answers of a single unit are
MIN_ANSWERS = 100  # of an observation; smaller units are taken together


class Change(Frozen):
    """A characteristic of later answers that differs from that of the first ones."""

    task: str
    """The name of the task."""
    characteristic: str
    """What changed: empty, refusals, repetitive, other_language (shares), or length (tokens)."""
    unit: str
    """The unit after which the change was found."""
    first: float
    """The share, or the mean number of tokens, of the first units."""
    now: float
    """The same of the last units."""
    units: int
    """The number of these last units; units with few answers count together."""
    p_value: float
    """The probability of a difference as large by chance, two-sided."""


class _Observation(NamedTuple):
    raw: float  # share, or mean length
    value: float  # stabilized
    noise: float  # variance of the value that follows from the number of answers


class _Before(NamedTuple):
    """A characteristic of the first units."""

    raws: tuple[float, ...]  # of their observations, sorted
    raw: float  # mean
    mean: float  # of the stabilized values
    spread: float  # their variance
    noise: float  # the mean of their variances that follow from the number of answers
    language: str  # of most texts

    @classmethod
    def of(cls, first: Sequence[AnswerStatistics], name: str) -> Self:
        language = main_language(first)
        found = _observe(first, name, language)
        number = len(found)
        if number < 2:
            return cls((), 0.0, 0.0, 0.0, 0.0, language)
        mean = sum(each.value for each in found) / number
        spread = sum((each.value - mean) ** 2 for each in found) / (number - 1)
        noise = sum(each.noise for each in found) / number
        # Units cannot be more alike than chance lets them be.
        raws = tuple(sorted(each.raw for each in found))
        return cls(raws, sum(raws) / number, mean, max(spread, noise), noise, language)

    def p_value(self, some: Sequence[_Observation]) -> float:
        """Return the two-sided p-value of later observations: the larger one of the two tests.

        That of a single observation is Student's alone.
        """
        by_mean = self._p_of_mean(some)
        if len(some) == 1:
            return by_mean
        return max(by_mean, rank_sum_p(self.raws, [each.raw for each in some]))

    def _p_of_mean(self, some: Sequence[_Observation]) -> float:
        """Return the two-sided p-value of the mean of observations, by Student's t."""
        window, number = len(some), len(self.raws)
        more_noise = sum(max(0.0, each.noise - self.noise) for each in some) / window**2
        variance = self.spread / window + self.spread / number + more_noise
        difference = sum(each.value for each in some) / window - self.mean
        if not variance:
            return float(difference == 0)
        return two_sided_p(difference / sqrt(variance), number - 1)


@dataclass(slots=True)
class TaskWatch:
    """The first and the last statistics of a task, and what they say."""

    task: str
    settings: DriftSettings
    limit: float  # of a p-value, below which a difference is a change
    first: list[AnswerStatistics]  # settings.units when they are complete
    last: list[AnswerStatistics]  # as many as the longest window, at most
    waiting: AnswerStatistics  # of units with few answers
    changed: set[str]  # characteristics that differ at present
    windows: tuple[int, ...] = field(init=False)  # observations that are compared
    _before: dict[str, "_Before"] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        fewest = fewest_later(self.settings.units, self.limit)
        self.windows = (1, *(times * fewest for times in _TIMES_FEWEST))

    def add(self, unit: str, statistics: AnswerStatistics) -> list[Change]:
        """Add a unit; return the changes that it shows, each when it begins."""
        self.waiting += statistics
        if self.waiting.answers < MIN_ANSWERS:
            return []
        taken, self.waiting = self.waiting, AnswerStatistics()
        if not self.is_ready:
            self.first.append(taken)
            return []
        self.last = [*self.last, taken][-self.windows[-1] :]
        found = {name: self._compare(unit, name) for name in CHARACTERISTICS}
        begun = [each for name, each in found.items() if each and name not in self.changed]
        self.changed = {name for name, each in found.items() if each}
        return begun

    @property
    def is_ready(self) -> bool:
        """Whether the first units are complete."""
        return len(self.first) >= self.settings.units

    def _compare(self, unit: str, name: str) -> Change | None:
        """Return the clearest change of a characteristic in a window; None if there is none."""
        if name not in self._before:
            self._before[name] = _Before.of(self.first, name)
        before = self._before[name]
        after = _observe(self.last, name, before.language)
        if len(before.raws) < self.settings.units / 2 or not after:
            return None  # most units have no such characteristic
        best: Change | None = None
        for window in self.windows:
            some = after[-window:]
            if len(some) < window:
                break
            now = sum(each.raw for each in some) / window
            if not self._matters(name, before.raw, now, window):
                continue
            if (p := before.p_value(some)) < self.limit:
                change = Change(
                    task=self.task,
                    characteristic=name,
                    unit=unit,
                    first=before.raw,
                    now=now,
                    units=window,
                    p_value=p,
                )
                best = change if best is None or p < best.p_value else best
        if best and name not in self.changed and not _is_of_last(best, after[-1]):
            return None  # it has ended already
        return best

    def _matters(self, name: str, first: float, now: float, window: int) -> bool:
        """Return whether a change is large enough to count; of a single unit, it must be gross."""
        change = abs(now - first)
        if name == "length":
            ratio = max(now, first) / max(min(now, first), _LEAST_LENGTH)
            return change >= self.settings.min_length * first and (
                window > 1 or ratio >= _GROSS_LENGTH
            )
        return change >= max(self.settings.min_share, _GROSS_SHARE if window == 1 else 0.0)


def _is_of_last(change: Change, last: _Observation) -> bool:
    """Return whether the last observation shows at least half of a change."""
    moved = change.now - change.first
    return (last.raw - change.first) * moved >= moved * moved / 2


def limit_of_p(settings: DriftSettings, units: int, tasks: int) -> float:
    """Return the p-value below which a difference is a change, by Bonferroni's bound."""
    comparisons = max(1, units) * max(1, tasks) * len(CHARACTERISTICS) * (1 + len(_TIMES_FEWEST))
    return settings.false_alarms / comparisons


def main_language(statistics: Sequence[AnswerStatistics]) -> str:
    """Return the language of most texts; "" if none was detected."""
    sums: dict[str, int] = {}
    for each in statistics:
        for language, number in each.languages.items():
            sums[language] = sums.get(language, 0) + number
    return max(sorted(sums), key=sums.__getitem__, default="")


def _observe(
    statistics: Sequence[AnswerStatistics], name: str, language: str
) -> list[_Observation]:
    """Return the observations of a characteristic; units without any are left out."""
    found = []
    for each in statistics:
        if name == "length":
            mean = each.tokens / each.answers
            variance = max(0.0, each.squared_tokens / each.answers - mean * mean)
            value = max(mean, _LEAST_LENGTH)
            found.append(_Observation(mean, log(value), variance / each.answers / value**2))
            continue
        number, whole = _share(each, name, language)
        if whole >= MIN_ANSWERS / 4:
            value = 2 * asin(sqrt((number + 0.375) / (whole + 0.75)))
            found.append(_Observation(number / whole, value, 1 / (whole + 0.5)))
    return found


def _share(each: AnswerStatistics, name: str, language: str) -> tuple[int, int]:
    if name == "empty":
        return each.empty, each.answers
    if name == "other_language":
        detected = sum(each.languages.values())
        return detected - each.languages.get(language, 0), detected
    return {"refusals": each.refusals, "repetitive": each.repetitive}[name], each.texts
