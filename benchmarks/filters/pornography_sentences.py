"""Measures how often text_safety_rules flags pornographic spam, and harmless sentences on sex.

    python -m benchmarks.filters.pornography_sentences [FILE ...]

A line of a file has, with tabs between, a category (spam or harmless), a set, a language and a
text. No term was chosen by the sets whose names end with `held out` or `after`; the latter were
written after the terms. The second file has adverts, titles of videos and euphemisms; in it, the
SHA-256 of a text decides about its half. The default files are those of the tests. A text is
flagged if it is dropped or quarantined. `--missed` prints the texts of the sets `seen` that are
judged wrongly; others are only counted.
"""

from collections import Counter
from pathlib import Path
from typing import Annotated, NamedTuple

import typer

from filters import TextSafetyRules
from schemas.resources import Resources
from schemas.sample import Text

DATA = Path(__file__).parents[2] / "tests" / "filters" / "texts"
FILES = [DATA / "pornography_sentences.tsv", DATA / "euphemism_sentences.tsv"]
SPAM, SEEN = "spam", "seen"


class Sentence(NamedTuple):
    """A sentence with its true category (spam or harmless), its set and its language."""

    category: str
    set: str
    language: str
    text: str


def sentences(path: Path) -> list[Sentence]:
    """Read the sentences of a file."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [Sentence(*line.split("\t", 3)) for line in lines]


def main(
    files: Annotated[list[Path] | None, typer.Argument(help="Files of sentences.")] = None,
    missed: Annotated[bool, typer.Option(help="Print what is judged wrongly.")] = False,
) -> None:
    """Print the share of flagged and of dropped sentences by category, set and language."""
    judge = TextSafetyRules().load(Resources(open=lambda path: path.open("rb")))
    all_sentences = [sentence for path in files or FILES for sentence in sentences(path)]
    verdicts = judge.judge([Text(each.text, "") for each in all_sentences])
    counts: dict[tuple[str, str, str], Counter[str]] = {}
    for sentence, verdict in zip(all_sentences, verdicts, strict=True):
        for language in ("all", sentence.language):
            key = sentence.category, sentence.set, language
            counts.setdefault(key, Counter()).update(["seen", verdict.action])
        is_flagged = verdict.action in ("drop", "quarantine")
        if missed and sentence.set.endswith(SEEN) and is_flagged != (sentence.category == SPAM):
            print(*sentence, verdict.action, dict(verdict.scores), sep="\t")
    for (category, name, language), count in sorted(counts.items()):
        flagged, total = count["drop"] + count["quarantine"], count["seen"]
        print(
            f"{category:<10}{name:<21}{language:<5}{total:>4}"
            f"  flagged {100 * flagged / total:5.1f} %"
            f"  dropped {100 * count['drop'] / total:5.1f} %"
        )


if __name__ == "__main__":
    typer.run(main)
