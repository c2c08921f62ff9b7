"""Measures how often `drift` warns without a change, and how soon it finds planted ones.

    python -m benchmarks.operations.drift --runs 1000 --units 500

Each made-up run has 500 units of 1,000 answers, or of 100 to 10,000. Without a change, units are
alike; or differ by themselves, by their logarithms; or a part of them, at random, is of another
kind, with answers of half the length and three times the share of refusals. The changes are planted
after 100 units, of which the run compares all later ones with the first 20.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated

import numpy as np
import typer

from pipelines.config.drift import DriftSettings
from pipelines.drift.detector import Change, TaskWatch, limit_of_p
from schemas.answer_statistics import AnswerStatistics

ANSWERS = 1000  # of a unit, where all have as many
PLANTED = 100  # the first unit with a change


@dataclass(frozen=True)
class Rates:
    """The shares of answers, and their mean length in tokens."""

    empty: float = 0.002
    refusals: float = 0.01
    repetitive: float = 0.005
    other_language: float = 0.02
    length: float = 12.0


@dataclass(frozen=True)
class Corpus:
    """How units differ by themselves."""

    spread: float = 0.0  # standard deviation of the logarithm of every rate between units
    others: float = 0.0  # the share of units of another kind
    sizes: float = 1.0  # how many times smaller and larger than `ANSWERS` units are


CORPORA = {
    "units alike": Corpus(),
    "units differ (spread 0.2)": Corpus(spread=0.2),
    "units differ (spread 0.5)": Corpus(spread=0.5),
    "units differ (spread 1.0)": Corpus(spread=1.0),
    "a tenth of another kind": Corpus(others=0.1),
    "a hundredth of another kind": Corpus(others=0.01),
    "100 to 10,000 answers, spread 0.5": Corpus(spread=0.5, sizes=10.0),
}
CHANGES: Mapping[str, Callable[[Rates], Rates]] = {
    "empty 0.2 % to 3 %": lambda rates: Rates(empty=0.03),
    "refusals 1 % to 4 %": lambda rates: Rates(refusals=0.04),
    "repetitive 0.5 % to 4 %": lambda rates: Rates(repetitive=0.04),
    "other language 2 % to 6 %": lambda rates: Rates(other_language=0.06),
    "length 12 to 10 tokens": lambda rates: Rates(length=10.0),
    "all answers empty": lambda rates: Rates(empty=1.0),
}


def unit(rates: Rates, corpus: Corpus, random: np.random.Generator) -> AnswerStatistics:
    """Draw the statistics of a unit."""
    by_itself = np.exp(random.normal(0, corpus.spread, 5))
    other = random.random() < corpus.others
    size = np.exp(random.uniform(-1, 1) * np.log(corpus.sizes))
    answers = round(ANSWERS * size)
    empty = random.binomial(answers, min(1.0, rates.empty * by_itself[0]))
    texts = answers - empty

    def texts_of(rate: float, factor: float) -> int:
        return int(random.binomial(texts, min(1.0, rate * factor)))

    length = rates.length * by_itself[4] * (0.5 if other else 1.0)
    tokens = random.poisson(length, texts)
    foreign = texts_of(rates.other_language, by_itself[3])
    return AnswerStatistics(
        answers=answers,
        empty=int(empty),
        refusals=texts_of(rates.refusals, by_itself[1] * (3 if other else 1)),
        repetitive=texts_of(rates.repetitive, by_itself[2]),
        texts=int(texts),
        tokens=int(tokens.sum()),
        squared_tokens=int((tokens**2).sum()),
        languages={"en": int(texts - foreign), "de": foreign},
    )


def watch(units: int, settings: DriftSettings) -> TaskWatch:
    """Begin to watch the answers of a job with one task."""
    limit = limit_of_p(settings, units, 1)
    return TaskWatch("caption", settings, limit, [], [], AnswerStatistics(), set())


def changes_of_run(
    units: int,
    corpus: Corpus,
    seed: int,
    change: Callable[[Rates], Rates] | None = None,
    settings: DriftSettings | None = None,
) -> Iterator[tuple[int, Change]]:
    """Yield the changes that a made-up run warns of, each with the number of its unit."""
    random = np.random.default_rng(seed)
    watching = watch(units, settings or DriftSettings())
    for number in range(units):
        rates = change(Rates()) if change and number >= PLANTED else Rates()
        for found in watching.add(f"{number:05}", unit(rates, corpus, random)):
            yield number, found


def main(
    runs: Annotated[int, typer.Option(help="Made-up runs of each kind.")] = 1000,
    units: Annotated[int, typer.Option(help="Units of a run.")] = 500,
) -> None:
    """Print a line for each corpus without a change, and for each planted change."""
    for first in (20, 50):
        settings = DriftSettings(units=first)
        for name, corpus in CORPORA.items():
            warned = sum(
                next(changes_of_run(units, corpus, seed, settings=settings), None) is not None
                for seed in range(runs)
            )
            print(f"no change, {name}, {first} first units: {warned} of {runs} runs warned")
    for name, corpus in CORPORA.items():
        for planted, change in CHANGES.items():
            delays = []
            for seed in range(runs // 10):
                first = next(changes_of_run(units, corpus, seed, change), None)
                if first is not None:
                    delays.append(first[0] - PLANTED + 1)
            late = f"{np.median(delays):.0f} units" if delays else "-"
            print(f"{name}, {planted}: found in {len(delays)} of {runs // 10}, after {late}")


if __name__ == "__main__":
    typer.run(main)
