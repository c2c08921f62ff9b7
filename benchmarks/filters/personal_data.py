"""How much of planted personal data is found, how much of what is found was planted, and how fast.

    python -m benchmarks.filters.personal_data [--lines 10000] [--seed 0] [--show]

Judges made-up lines (see `personal_data_lines`), half with something planted and half with
look-alikes, and prints per infotype the recall (a planted value counts as found when all of it
was, under its own name) and the precision, and the microseconds per ordinary caption. `--show`
prints the lines that went wrong: they are made up.
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
    """Per infotype: planted values, found ones of these, matches, and right ones of these."""

    planted: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    matches: Counter[str] = field(default_factory=Counter)
    right: Counter[str] = field(default_factory=Counter)
    wrong: list[tuple[Line, list[Match]]] = field(default_factory=list)

    def recall(self, infotype: str) -> float:
        return self.found[infotype] / self.planted[infotype]

    def precision(self, infotype: str) -> float:
        return self.right[infotype] / max(1, self.matches[infotype])


def tally(judged: Iterable[Line]) -> Tally:
    """Recall and precision of the rules on lines of which the truth is known."""
    recognizers = select_recognizers(PersonalData().infotypes)
    result = Tally()
    for line in judged:
        matches = merge(find_matches(line.text, recognizers))
        right = [match for match in matches if _is_planted(match, line)]
        found = [
            infotype
            for infotype, start, end in line.planted
            if any(_covers(match, infotype, start, end) for match in matches)
        ]
        result.planted.update(infotype for infotype, _, _ in line.planted)
        result.found.update(found)
        result.matches.update(match.infotype for match in matches)
        result.right.update(match.infotype for match in right)
        if len(found) < len(line.planted) or len(right) < len(matches):
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
    """Per text, the best of five rounds."""
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
    count: Annotated[int, typer.Option("--lines", help="How many lines.")] = 10_000,
    seed: Annotated[int, typer.Option(help="Of the lines.")] = 0,
    show: Annotated[bool, typer.Option(help="Print the lines that went wrong.")] = False,
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
