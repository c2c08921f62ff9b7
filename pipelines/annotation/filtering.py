"""Runs the filters over rows, and applies their verdicts to samples and to answers."""

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import replace
from functools import partial
from itertools import islice
from typing import cast

from filters import ImageFilter, TextFilter
from filters.base import (
    SEVERITY,
    Filter,
    filter_names,
    running_order,
    scores_of,
)
from filters.text_analysis.language_detection import detect_language
from inference.tasks.task import Task
from pipelines.annotation.loaded_filter import LoadedFilter
from pipelines.concurrency.stage_timer import StageTimer
from pipelines.config.validation_errors import errors_at
from pipelines.rows.row import Answer, Row
from schemas.errors import WorkerFault
from schemas.resources import Resources
from schemas.sample import Text
from schemas.verdict import Verdict


class FilterChain:
    """The loaded filters of a job.

    Filters run by what they read: encoded images, texts, headers, frames. Filters that read the
    same run in the order of the job file. With `evaluate_all`, filters also judge rows that an
    earlier filter rejected, for their scores; the first decision about a row stays, unless a filter
    with `conceals` drops the row.
    """

    def __init__(
        self,
        filters: Sequence[Filter],
        resources: Resources,
        evaluate_all: bool = False,
        names: Sequence[str] | None = None,
        *,
        on_verdict: Callable[[str, Verdict], None] = lambda _name, _verdict: None,
        only_anew: Set[str] = frozenset(),
    ) -> None:
        """Load the filters.

        Of samples, the filters `only_anew` judge those alone that are judged again from the shard.
        `on_verdict` is told the name of each filter that judges a row, and its most severe verdict.
        """
        self._on_verdict = on_verdict
        self._evaluate_all = evaluate_all
        self.costs = StageTimer()  # of each filter, until somebody takes them
        self._loaded: list[LoadedFilter] = []
        named = zip(names or filter_names(filters), filters, strict=True)
        for number, (name, stage) in enumerate(named):
            with errors_at(f"filter {name}, "):
                judge = cast("TextFilter | ImageFilter", stage).load(
                    replace(resources, filter=name)
                )
            self._loaded.append(LoadedFilter(name, stage, judge, number, self.costs))
        order = running_order({loaded.name: loaded.filter for loaded in self._loaded})
        self.running_order = tuple(order)  # of the filters on samples, by name
        self.reads_frames = "frames" in order.values()
        self._only_anew = only_anew
        self._always_reads_frames = any(
            reads == "frames" and name not in only_anew for name, reads in order.items()
        )
        self._detects_languages = any(isinstance(stage, TextFilter) for stage in filters)

    def should_judge(self, row: Row) -> bool:
        """Return whether later filters judge the row.

        They judge kept rows and, with `evaluate_all`, rejected rows that are not closed.
        """
        return row.kept or (self._evaluate_all and not row.closed)

    def will_read_frames(self, row: Row) -> bool:
        """Return whether a filter needs the row's decoded frames."""
        reads = self.reads_frames if row.anew else self._always_reads_frames
        return reads and self.should_judge(row)

    def count_to_judge(self, chunk: Sequence[Row]) -> int:
        """Count the rows that later filters judge."""
        return sum(map(self.should_judge, chunk))

    def _rows_for(self, loaded: LoadedFilter, chunk: Sequence[Row]) -> list[Row]:
        """Return the rows that a filter judges, and note in each row that the filter saw it."""
        for_all = loaded.name not in self._only_anew
        rows = [row for row in chunk if (for_all or row.anew) and self.should_judge(row)]
        for row in rows:
            row.seen_by.append(loaded.name)
        return rows

    def on_bytes(self, chunk: list[Row]) -> list[Row]:
        """Run the filters on encoded images, such as hash lists, then those on carried columns."""
        return self._judge_images(self._judge_images(chunk, "bytes"), "fields")

    def on_texts(self, chunk: list[Row]) -> list[Row]:
        """Run the filters on the key, the source text and the carried columns."""
        if self._detects_languages:
            for row in filter(self.should_judge, chunk):
                _detect_language(row)
        for loaded in self._loaded:
            stage = loaded.filter
            if not isinstance(stage, TextFilter) or stage.applies_to == "generated":
                continue
            fields = None if stage.fields == "all" else ("source_text",)
            rows = self._rows_for(loaded, chunk)
            items = [
                (row, field)
                for row in rows
                for field in row.texts
                if fields is None or field in fields
            ]
            verdicts = loaded.verdicts([row.texts[field] for row, field in items])
            for row, judged in _by_row(items, verdicts):
                for field, verdict in judged:
                    _add_scores(row, f"{loaded.name}.", verdict)
                    if verdict.action == "redact":
                        row.values.pop(field, None)  # only a text can have a placeholder
                        row.texts[field] = Text(verdict.text, row.texts[field].language)
                if any(verdict.action == "redact" for _, verdict in judged):
                    row.redacted_by.append(loaded.name)
                self._apply(row, loaded, [verdict for _, verdict in judged])
        return chunk

    def on_header(self, chunk: list[Row]) -> list[Row]:
        """Run the filters on the image size, which is known before the image is decoded."""
        return self._judge_images(chunk, "header")

    def on_frames(self, chunk: list[Row]) -> list[Row]:
        """Run the filters on decoded frames."""
        return self._judge_images(chunk, "frames")

    def judge_answers(
        self, rows: Iterable[Row], tasks: Mapping[str, Task], strip_markup: Callable[[str], str]
    ) -> None:
        """Run the text filters on the answers of kept rows; reject single answers, never rows.

        The content of a rejected answer is removed, and later filters do not see it. `strip_markup`
        removes a model family's location tokens from raw answers.
        """
        rows = list(rows)
        for loaded in self._loaded:
            stage = loaded.filter
            if not isinstance(stage, TextFilter) or stage.applies_to == "source":
                continue
            for name, task in tasks.items():
                if stage.fields == "prose" and task.keeps_raw:  # labels and boxes are not prose
                    continue
                texts_of = partial(_answer_texts, task, strip_markup)
                self._judge_task(loaded, rows, name, task, texts_of)

    def _judge_task(
        self,
        loaded: LoadedFilter,
        rows: list[Row],
        name: str,
        task: Task,
        texts_of: Callable[[Answer], tuple[str, ...]],
    ) -> None:
        items = [
            (row, text)
            for row in rows
            if row.kept and _is_open(row.answers[name])
            for text in texts_of(row.answers[name])
        ]
        texts = [Text(text, task.text_language) for _, text in items]
        for row, judged in _by_row(items, loaded.verdicts(texts)):
            for _, verdict in judged:
                _add_scores(row, f"{loaded.name}.{name}.", verdict)
            answer = row.answers[name]
            worst = _worst([verdict for _, verdict in judged])
            match worst.action:
                case "drop":
                    answer.withhold("dropped", f"{loaded.name}/{worst.reason}")
                case "quarantine":
                    answer.withhold("quarantined", f"{loaded.name}/{worst.reason}")
                case "redact":
                    redacted = [
                        verdict.text if verdict.action == "redact" else text
                        for text, verdict in judged
                    ]
                    num_texts = len(task.texts(answer.value))
                    answer.value = task.with_texts(answer.value, tuple(redacted[:num_texts]))
                    answer.status, answer.raw = "redacted", None

    def _judge_images(self, chunk: list[Row], reads: str) -> list[Row]:
        for loaded in self._loaded:
            if not isinstance(loaded.filter, ImageFilter) or loaded.filter.reads != reads:
                continue
            rows = self._rows_for(loaded, chunk)
            each_image = loaded.filter.judges_each_image
            samples = [row.samples() if each_image else [row.sample()] for row in rows]
            verdicts = iter(loaded.verdicts([each for of_row in samples for each in of_row]))
            for row, of_row in zip(rows, samples, strict=True):
                judged = list(islice(verdicts, len(of_row)))
                if any(verdict.action == "redact" for verdict in judged):
                    raise WorkerFault(f"filter {loaded.name}: nothing of an image can be redacted")
                earlier_frames = 0
                for sample, verdict in zip(of_row, judged, strict=True):
                    _add_scores(row, f"{loaded.name}.", verdict)
                    row.text_boxes += tuple(
                        box._replace(frame=earlier_frames + box.frame) for box in verdict.boxes
                    )
                    earlier_frames += len(sample.frames)
                self._apply(row, loaded, judged)
        return chunk

    def _apply(self, row: Row, loaded: LoadedFilter, verdicts: Sequence[Verdict]) -> None:
        worst = _worst(verdicts)
        if len(verdicts) > 1 and worst.action in ("quarantine", "drop"):
            decided = loaded.filter.decide_row(scores_of(loaded.name, row.scores))
            if decided is not None and decided.action == worst.action:  # the same from stored rows
                worst = replace(worst, reason=decided.reason)
        self._on_verdict(loaded.name, worst)
        if worst.action == "drop" and loaded.filter.conceals:
            row.status = "kept"  # forget earlier decisions: this one replaces them
            row.reject("dropped", worst.reason, loaded.name)
            row.conceal()
        elif worst.action == "drop":
            row.reject("dropped", worst.reason, loaded.name)
        elif worst.action == "quarantine" and (
            # Nobody has seen what a filter with `conceals` puts aside.
            loaded.number >= row.overruled or loaded.filter.conceals
        ):
            row.reject("quarantined", worst.reason, loaded.name)


def _answer_texts(
    task: Task, strip_markup: Callable[[str], str], answer: Answer
) -> tuple[str, ...]:
    """Return the texts of an answer's value and, if it was only partly parsed, its raw text."""
    texts = task.texts(answer.value)
    if answer.raw is None or answer.status != "partial":
        return texts
    return *texts, strip_markup(answer.raw)


def _is_open(answer: Answer) -> bool:
    return answer.status in ("ok", "partial", "redacted")


def _by_row(
    items: Sequence[tuple[Row, str]], verdicts: Sequence[Verdict]
) -> Iterator[tuple[Row, list[tuple[str, Verdict]]]]:
    """Group items and their verdicts by row; the items of a row follow each other."""
    pairs = zip(items, verdicts, strict=True)
    for _, group in itertools.groupby(pairs, key=lambda pair: id(pair[0][0])):
        judged = list(group)
        yield judged[0][0][0], [(item, verdict) for (_, item), verdict in judged]


def _add_scores(row: Row, prefix: str, verdict: Verdict) -> None:
    """Add a verdict's scores and redactions to the row; a score keeps its highest value."""
    for score, value in verdict.scores.items():
        name = f"{prefix}{score}"
        row.scores[name] = max(value, row.scores.get(name, value))
    row.redactions.update(verdict.counts)


def _worst(verdicts: Sequence[Verdict]) -> Verdict:
    return max(verdicts, key=lambda verdict: SEVERITY.index(verdict.action))


def _detect_language(row: Row) -> None:
    """Set the language of the source text if it is unknown, for the filters and for the counts."""
    if (text := row.texts.get("source_text")) is not None and not text.language:
        row.texts["source_text"] = Text(text.value, detect_language(text.value))
        row.language = row.texts["source_text"].language or "unknown"
