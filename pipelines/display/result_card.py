"""Writes cards of results, and the page of published figures, in Markdown."""

from collections.abc import Iterator
from itertools import groupby

from pipelines.display.evaluate import evaluation_notes
from pipelines.display.safety_card import safety_section
from pipelines.dossier.markdown import code, table, text
from pipelines.evaluation.published import (
    SOURCES,
    Checkpoint,
    PublishedFigure,
    published_figures,
)
from pipelines.evaluation.result_card import CardRow, card_rows
from pipelines.evaluation.results import Evaluation
from schemas.counted import counted

_COLUMNS = ("metric", "split", "value", "95 %", "samples", "published", "difference", "notes")
_NO_BENCHMARK = "none named, so nothing is compared (--benchmark)"
_HEAD = """\
# Published figures of PaliGemma's checkpoints

`shardmill evaluate --markdown FILE` compares with these figures; [evaluation.md](evaluation.md)
says how. They lie in `pipelines/evaluation/published_figures.csv`, from which `make reference`
writes this page.

Figures are percent, and for `cider` a hundred times CIDEr-D. `characters` and `sentences` are
means; the `bleu4` of the first PaliGemma and VSR are shares. The metric is the one of `shardmill
evaluate` that computes as the code of the checkpoints' owners does (google-research/big_vision).
No metric here scores `radgraph_f1`. `non_entailed` needs a model of yours, and the cards' figure is
of another judge, so it is shown and not subtracted. Unless it is of `mix`, a figure is of a
checkpoint that was fine-tuned for the benchmark. A figure without a split, and one in a column with
`?` instead of a resolution, is published without them.
"""


def result_card(result: Evaluation, checkpoint: Checkpoint, benchmark: str | None) -> str:
    """Return an evaluation as a page in Markdown, beside the published figures of a benchmark.

    Raises JobError if no card has the benchmark.
    """
    rows = list(card_rows(result, checkpoint, benchmark))
    lines = [
        f"# Results of the task {code(result.task)}",
        "",
        f"- Checkpoint: {text(', '.join([checkpoint.name, *checkpoint.changed]))}",
        f"- References: {text(result.truth or 'none')}",
        f"- Benchmark: {text(benchmark) if benchmark else _NO_BENCHMARK}",
        *_judge(result),
        f"- Fingerprint of the job: SHA-256 {result.output}",
        "",
        *table(_COLUMNS, map(_cells, rows)),
    ]
    for part, each in result.parts.items():
        values = ", ".join(f"{text(name)} {_number(v.value)}" for name, v in each.values.items())
        samples = counted(each.samples, "sample")
        lines.append(f"- {text(result.by)} {text(part) or 'empty'}: {values} ({samples})")
    if source := SOURCES.get(checkpoint.family):
        lines += ["", f"Published in {source}."]
    notes = [f"- {note}" for note in evaluation_notes(result)]
    return "\n".join([*lines, *([""] * bool(notes)), *notes, ""])


def _judge(result: Evaluation) -> Iterator[str]:
    if (judge := result.entailment) is not None:
        name = judge.source.rpartition("/")[2]  # no path of a machine
        parts = (name, f"version {judge.version}", f"label {judge.label}")
        yield f"- Entailment: {text(', '.join(parts))}"


def cards_page() -> str:
    """Return docs/cards.md: all published figures, by family, then those of safety."""
    lines = [_HEAD]
    for family, source in SOURCES.items():
        figures = [each for each in published_figures() if each.family == family]
        columns = sorted({_column(each) for each in figures}, key=_order)
        names = [f"{size} {resolution or '?'}" for size, resolution in columns]
        lines += [f"## {family}", "", f"From {source}.", ""]
        lines += table(("benchmark", "split", "metric", *names), _figure_rows(figures, columns))
    return "\n".join([*lines, safety_section()])


def _figure_rows(
    figures: list[PublishedFigure], columns: list[tuple[str, str]]
) -> Iterator[tuple[str, ...]]:
    def line(each: PublishedFigure) -> tuple[str, str, str, bool]:
        return each.benchmark, each.split, each.metric, each.tuning == "mix"

    for (benchmark, split, metric, mix), group in groupby(figures, line):
        values = {_column(each): each.value for each in group}
        name = f"{benchmark}, mix" * mix or benchmark
        yield name, split, f"`{metric}`", *(values.get(column, "") for column in columns)


def _column(figure: PublishedFigure) -> tuple[str, str]:
    return figure.size, figure.resolution


def _order(column: tuple[str, str]) -> tuple[int, int]:
    size, resolution = column
    return int(resolution or 1 << 20), int(size.removesuffix("b"))


def _cells(row: CardRow) -> tuple[str, ...]:
    interval = "" if row.low is None else f"{_number(row.low, 2)} to {_number(row.high, 2)}"
    return (
        f"`{row.result}`",
        text(row.split),
        _number(row.value, 2),
        interval,
        "" if row.samples is None else f"{row.samples:,}",
        row.published,
        "" if row.difference is None else f"{row.difference:+.2f}",
        text("; ".join(row.notes)),
    )


def _number(value: float | None, digits: int = 4) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


if __name__ == "__main__":
    print(cards_page(), end="")
