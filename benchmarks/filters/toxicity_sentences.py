"""Measures how often toxicity_rules flags attacks, counter-speech and harmless sentences.

    python -m benchmarks.filters.toxicity_sentences [FILE ...]

A file has a category and a sentence on each line, with a tab between; `{group}` stands for groups
of people in turn, which a first line with the category `groups` may list. The default files are
those of the tests. A sentence is flagged if it is dropped or quarantined. `--missed` prints the
attacks that pass and the other sentences that are flagged.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import typer

from filters import ToxicityRules
from schemas.resources import Resources
from schemas.sample import Text

DATA = Path(__file__).parents[2] / "tests" / "filters" / "texts"
FILES = [DATA / "sentences_about_groups.tsv", DATA / "sentences_without_groups.tsv"]
GROUPS = ("Muslims", "gay people", "immigrants", "women", "disabled people", "black people", "Jews")
ATTACK = "attack"


def sentences(path: Path) -> Iterator[tuple[str, str]]:
    """Yield the category and the text of each sentence, once for each group that it may name."""
    groups: Sequence[str] = GROUPS
    for line in path.read_text(encoding="utf-8").splitlines():
        category, _, text = line.partition("\t")
        if category == "groups":
            groups = text.split(", ")
            continue
        for group in groups if "{" in text else ("",):
            upper = group[:1].upper() + group[1:]
            yield category, text.replace("{group}", group).replace("{Group}", upper)


def main(
    files: Annotated[list[Path] | None, typer.Argument(help="Files of sentences.")] = None,
    missed: Annotated[bool, typer.Option(help="Print what is judged wrongly.")] = False,
) -> None:
    """Print the share of flagged sentences of each category."""
    judge = ToxicityRules().load(Resources(open=lambda path: path.open("rb")))
    seen: Counter[str] = Counter()
    flagged: Counter[str] = Counter()
    for path in files or FILES:
        for category, text in sentences(path):
            (verdict,) = judge.judge([Text(text, "en")])
            is_flagged = verdict.action in ("drop", "quarantine")
            seen[category] += 1
            flagged[category] += is_flagged
            if missed and is_flagged != (category == ATTACK):
                print(f"{category}\t{text}")
    for category, count in seen.items():
        share = 100 * flagged[category] / count
        print(f"{category:<12}{flagged[category]:>6} of {count:>6} flagged {share:6.1f} %")
    harmless = sum(count for category, count in seen.items() if category != ATTACK)
    wrong = sum(count for category, count in flagged.items() if category != ATTACK)
    print(f"{'not attacks':<12}{wrong:>6} of {harmless:>6} flagged {100 * wrong / harmless:6.1f} %")


if __name__ == "__main__":
    typer.run(main)
