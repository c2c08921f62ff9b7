"""Measures recall, precision and speed of the personal data rules on made-up lines.

    python -m benchmarks.filters.personal_data [--lines 10000] [--seed 0] [--show]

Half of the lines (see `personal_data_lines`) have a planted value, half have look-alikes. Prints
recall and precision per infotype, and the microseconds per ordinary caption. A planted value is
recalled if a match of its infotype covers all of it. `--show` prints the lines with errors, all of
them made up.
"""

import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Annotated, BinaryIO

import typer

from benchmarks.filters.personal_data_lines import Line, captions, lines
from filters import PersonalData
from filters.text_analysis.redaction import Match, merge
from filters.texts.personal_data import find_matches, select_recognizers
from schemas.resources import Resources
from schemas.sample import Text


@dataclass(slots=True)
class Tally:
    """Counts per infotype: planted values, recalled values, matches, and correct matches."""

    planted: Counter[str] = field(default_factory=Counter)
    recalled: Counter[str] = field(default_factory=Counter)
    matches: Counter[str] = field(default_factory=Counter)
    correct: Counter[str] = field(default_factory=Counter)
    wrong: list[tuple[Line, list[Match]]] = field(default_factory=list)

    def recall(self, infotype: str) -> float:
        return self.recalled[infotype] / self.planted[infotype]

    def precision(self, infotype: str) -> float:
        return self.correct[infotype] / max(1, self.matches[infotype])


def tally(planted_lines: Iterable[Line]) -> Tally:
    """Count planted values and matches in lines with known planted values."""
    recognizers = select_recognizers(PersonalData().infotypes)
    result = Tally()
    for line in planted_lines:
        matches = merge(find_matches(line.text, recognizers))
        correct = [match for match in matches if _is_planted(match, line)]
        recalled = [
            infotype
            for infotype, start, end in line.planted
            if any(_covers(match, infotype, start, end) for match in matches)
        ]
        result.planted.update(infotype for infotype, _, _ in line.planted)
        result.recalled.update(recalled)
        result.matches.update(match.infotype for match in matches)
        result.correct.update(match.infotype for match in correct)
        if len(recalled) < len(line.planted) or len(correct) < len(matches):
            result.wrong.append((line, matches))
    return result


def _covers(match: Match, infotype: str, start: int, end: int) -> bool:
    return match.infotype == infotype and match.start <= start and end <= match.end


def _is_planted(match: Match, line: Line) -> bool:
    return any(
        match.infotype == infotype and match.start < end and start < match.end
        for infotype, start, end in line.planted
    )


def microseconds(texts: Sequence[str]) -> float:
    """The microseconds per text, the best of five rounds."""
    judge = PersonalData().load(Resources(open=_opens_nothing))
    items = [Text(text) for text in texts]
    best = float("inf")
    for _ in range(5):
        started = time.perf_counter()
        judge.judge(items)
        best = min(best, time.perf_counter() - started)
    return best / len(items) * 1e6


def _opens_nothing(path: str) -> BinaryIO:
    raise FileNotFoundError(path)


def main(
    count: Annotated[int, typer.Option("--lines", help="Number of lines.")] = 10_000,
    seed: Annotated[int, typer.Option(help="Seed of the lines.")] = 0,
    show: Annotated[bool, typer.Option(help="Print the lines with errors.")] = False,
) -> None:
    """Print recall, precision and speed."""
    result = tally(lines(count, seed))
    print(f"{'infotype':46} planted  recall  matches  precision")
    for infotype in PersonalData().infotypes:
        print(
            f"{infotype:46} {result.planted[infotype]:7}  {result.recall(infotype):.4f}"
            f"  {result.matches[infotype]:7}  {result.precision(infotype):9.4f}"
        )
    print(f"captions of 15 words: {microseconds(list(captions(2000, seed))):.1f} µs each")
    if show:
        for line, matches in result.wrong:
            print(repr(line.text), line.planted, [str(match) for match in matches])


if __name__ == "__main__":
    typer.run(main)
