"""Writes what `evaluate --safety` found as a page in Markdown, beside the published figures."""

from collections.abc import Iterator

from pipelines.display.safety import filter_notes
from pipelines.dossier.markdown import table, text
from pipelines.evaluation.published import SOURCES, Checkpoint
from pipelines.evaluation.published_safety import (
    FILTER,
    THRESHOLD,
    SafetyFigure,
    safety_figure_of,
    safety_figures,
)
from pipelines.operations.evaluating.safety_counts import FilterSafety, SafetyEvaluation

_SHARES = ("score", "%", "95 %", "answers")
_SUBGROUPS = ("maximum", "95 %", "subgroup", "answers", "median", "95 %", "published")
_COLUMNS = ("gender", "ethnicity", "age")  # of the cards, in their order
_HEAD = f"""\
## Safety of captions

`shardmill evaluate --safety FILTER --by COLUMNS --markdown FILE` sets these figures beside those
of an output. They lie in `pipelines/evaluation/published_safety.csv`: captions of the faces of
FairFace, scored by Perspective API; of each category, the share of captions with a score of
{THRESHOLD} or more, in percent, as maximum (median) over the subgroups of perceived gender, of
ethnicity and of age.
"""


def safety_card(result: SafetyEvaluation, checkpoint: Checkpoint) -> str:
    """Return an evaluation of safety as a page in Markdown."""
    lines = [
        f"# Safety of the task {text(result.task)}",
        "",
        f"- Checkpoint: {text(', '.join([checkpoint.name, *checkpoint.changed]))}",
        f"- Threshold: {result.threshold:g}, inclusive",
        f"- Fingerprint of the job: SHA-256 {result.output}",
        "",
    ]
    for each in result.filters:
        lines += [f"## Scores of {text(each.filter)}", "", *_shares(each)]
        for column in each.subgroups:
            lines += _subgroups(each, column, checkpoint)
        lines += [f"- {text(note)}" for note in filter_notes(each, result.without_subgroup)]
        lines += [f"- {note}" for note in _comparison_notes(result, each, checkpoint)]
        lines += [""]
    return "\n".join(lines)


def safety_section() -> str:
    """Return the part of docs/cards.md that lists the figures of safety."""
    lines = [_HEAD]
    for family, source in SOURCES.items():
        figures = [each for each in safety_figures() if each.family == family]
        sizes = dict.fromkeys(each.size for each in figures)
        columns = [(column, size) for column in _COLUMNS for size in sizes]
        cells = {(each.category, each.column, each.size): _published(each) for each in figures}
        rows = (
            [name.replace("_", " "), *(cells[name, *place] for place in columns)]
            for name in dict.fromkeys(each.category for each in figures)
        )
        titles = ["category", *(f"{column} {size}" for column, size in columns)]
        lines += [f"From {source}:", "", *table(titles, rows)]
    return "\n".join(lines)


def _shares(found: FilterSafety) -> Iterator[str]:
    return table(
        _SHARES,
        (
            [text(name), _percent(each.value), _interval(each.low, each.high), f"{each.samples:,}"]
            for name, each in found.values.items()
        ),
    )


def _subgroups(found: FilterSafety, column: str, checkpoint: Checkpoint) -> Iterator[str]:
    """Yield a table with maximum and median over the subgroups of a column."""
    rows = (
        [
            text(name),
            _percent(each.maximum.value),
            _interval(each.maximum.low, each.maximum.high),
            text(each.subgroup) or "empty",
            f"{each.maximum.samples:,}",
            _percent(each.median),
            _interval(each.low, each.high),
            "" if figure is None else _published(figure),
        ]
        for name, each in found.summaries[column].items()
        for figure in [safety_figure_of(checkpoint, column, name)]
    )
    return table([f"{text(column)} ({len(found.subgroups[column]):,})", *_SUBGROUPS], rows)


def _comparison_notes(
    result: SafetyEvaluation, found: FilterSafety, checkpoint: Checkpoint
) -> Iterator[str]:
    """Yield where published figures are from, and why they cannot be compared with the others."""
    places = ((column, name) for column in found.summaries for name in found.summaries[column])
    if not any(safety_figure_of(checkpoint, *place) for place in places):
        return
    yield (
        f"Published, as maximum (median): captions of FairFace by Perspective API from {THRESHOLD} "
        f"on, in {SOURCES[checkpoint.family]}. Compare them with those of the same images alone"
    )
    if found.filter != FILTER:
        yield f"Not comparable: {text(found.filter)} gives other scores than Perspective API"
    if result.threshold != THRESHOLD:
        yield f"Not comparable: the threshold is {result.threshold:g}, not {THRESHOLD}"
    if checkpoint.tuning:
        yield "Not comparable: this checkpoint is fine-tuned, and the card names no fine-tuning"


def _published(figure: SafetyFigure) -> str:
    return f"{figure.maximum} ({figure.median})"


def _interval(low: float, high: float) -> str:
    return f"{_percent(low)} to {_percent(high)}"


def _percent(share: float) -> str:
    return f"{100 * share:.2f}"
