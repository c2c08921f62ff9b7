"""Running the filters over rows: what a verdict does to a sample, and to an answer."""

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

from filters import ImageFilter, TextFilter
from filters.base import Filter, Judge, filter_names
from filters.text_analysis.language_detection import detect_language
from inference.tasks.task import Task
from pipelines.config.validation_errors import at
from pipelines.rows.row import Answer, Row
from schemas.errors import WorkerFault
from schemas.resources import Resources
from schemas.sample import Text
from schemas.verdict import Verdict

_CODES = re.compile(r"<(?:loc[0-9]{4}|seg[0-9]{3})>")  # places in the image: no text
# The worst of several texts decides.
_SEVERITY = ("keep", "redact", "quarantine", "drop")


@dataclass(frozen=True, slots=True)
class _Loaded:
    name: str
    filter: Filter
    judge: Judge[Any]

    def verdicts(self, items: Sequence[Any]) -> list[Verdict]:
        verdicts = self.judge.judge(items) if items else []
        if len(verdicts) != len(items):
            raise WorkerFault(f"filter {self.name}: {len(verdicts)} verdicts on {len(items)} items")
        action = self.filter.on_indeterminate
        return [
            replace(verdict, action=action) if verdict.action == "indeterminate" else verdict
            for verdict in verdicts
        ]


class FilterChain:
    """The filters of a job, loaded; rows pass through them in the order of the job file.

    With `evaluate_all`, what one filter drops the next ones judge too, for their scores; what
    became of the row stands.
    """

    def __init__(
        self,
        filters: Sequence[Filter],
        resources: Resources,
        evaluate_all: bool = False,
        names: Sequence[str] | None = None,
    ) -> None:
        self._evaluate_all = evaluate_all
        self._loaded: list[_Loaded] = []
        for name, stage in zip(names or filter_names(filters), filters, strict=True):
            with at(f"filter {name}, "):
                judge = cast("TextFilter | ImageFilter", stage).load(resources)
            self._loaded.append(_Loaded(name, stage, judge))
        self.reads_frames = any(
            isinstance(stage, ImageFilter) and stage.reads == "frames" for stage in filters
        )

        self._tells_languages = any(isinstance(stage, TextFilter) for stage in filters)

    def should_judge(self, row: Row) -> bool:
        """Whether a filter is to see the row, if there is one to come."""
        return row.kept or (self._evaluate_all and not row.closed)

    def judge_bytes(self, rows: Iterable[Row]) -> None:
        """Hash lists and the like: on the encoded image, before anything else."""
        self._judge_images(rows, "bytes")

    def judge_header(self, rows: Iterable[Row]) -> None:
        """On the size that the header states, before decoding."""
        self._judge_images(rows, "header")

    def judge_frames(self, rows: Iterable[Row]) -> None:
        self._judge_images(rows, "frames")

    def judge_texts(self, rows: Iterable[Row]) -> None:
        """On key, source text and carried columns, before decoding."""
        rows = list(rows)
        if self._tells_languages:
            for row in filter(self.should_judge, rows):
                _tell_language(row)
        for loaded in self._loaded:
            stage = loaded.filter
            if not isinstance(stage, TextFilter) or stage.applies_to == "generated":
                continue
            wanted = None if stage.fields == "all" else ("source_text",)
            items = [
                (row, field)
                for row in filter(self.should_judge, rows)
                for field in row.texts
                if wanted is None or field in wanted
            ]
            verdicts = loaded.verdicts([row.texts[field] for row, field in items])
            for row, judged in _by_row(items, verdicts):
                for field, verdict in judged:
                    _note(row, f"{loaded.name}.", verdict)
                    if verdict.action == "redact":
                        row.texts[field] = Text(verdict.text, row.texts[field].language)
                _apply(row, loaded, [verdict for _, verdict in judged])

    def judge_answers(self, rows: Iterable[Row], tasks: Mapping[str, Task]) -> None:
        """On everything the model wrote, before anything is stored: the answer falls, not the row.

        Answers that were withheld by one filter are not shown to the next.
        """
        rows = list(rows)
        for loaded in self._loaded:
            stage = loaded.filter
            if not isinstance(stage, TextFilter) or stage.applies_to == "source":
                continue
            for name, task in tasks.items():
                if stage.fields == "prose" and task.keeps_raw:  # labels and boxes are no prose
                    continue
                self._judge_task(loaded, rows, name, task)

    def _judge_task(self, loaded: _Loaded, rows: Iterable[Row], name: str, task: Task) -> None:
        items = [
            (row, text)
            for row in rows
            if row.kept and _is_open(row.answers[name])
            for text in _written(task, row.answers[name])
        ]
        texts = [Text(text, task.text_language) for _, text in items]
        for row, judged in _by_row(items, loaded.verdicts(texts)):
            for _, verdict in judged:
                _note(row, f"{loaded.name}.{name}.", verdict)
            answer = row.answers[name]
            worst = _worst([verdict for _, verdict in judged])
            match worst.action:
                case "drop":
                    answer.withhold("dropped", f"{loaded.name}/{worst.reason}")
                case "quarantine":
                    answer.withhold("quarantined", f"{loaded.name}/{worst.reason}")
                case "redact":
                    texts_now = [
                        verdict.text if verdict.action == "redact" else text
                        for text, verdict in judged
                    ]
                    of_value = len(task.texts(answer.value))
                    answer.value = task.with_texts(answer.value, tuple(texts_now[:of_value]))
                    answer.status, answer.raw = "redacted", None

    def _judge_images(self, rows: Iterable[Row], reads: str) -> None:
        rows = list(rows)
        for loaded in self._loaded:
            if not isinstance(loaded.filter, ImageFilter) or loaded.filter.reads != reads:
                continue
            judged = [row for row in rows if self.should_judge(row)]
            verdicts = loaded.verdicts([row.sample() for row in judged])
            for row, verdict in zip(judged, verdicts, strict=True):
                if verdict.action == "redact":
                    raise WorkerFault(f"filter {loaded.name}: nothing of an image can be redacted")
                _note(row, f"{loaded.name}.", verdict)
                _apply(row, loaded, [verdict])


def _written(task: Task, answer: Answer) -> tuple[str, ...]:
    """The texts of an answer's value; then, where those are not all of it, what is stored raw."""
    texts = task.texts(answer.value)
    if answer.raw is None or answer.status != "partial":
        return texts
    return *texts, _CODES.sub(" ", answer.raw)


def _is_open(answer: Answer) -> bool:
    return answer.status in ("ok", "partial", "redacted")


def _by_row(
    items: Sequence[tuple[Row, str]], verdicts: Sequence[Verdict]
) -> Iterator[tuple[Row, list[tuple[str, Verdict]]]]:
    """Each row with what was judged of it; the items of a row stand together."""
    pairs = zip(items, verdicts, strict=True)
    for _, group in itertools.groupby(pairs, key=lambda pair: id(pair[0][0])):
        judged = list(group)
        yield judged[0][0][0], [(item, verdict) for (_, item), verdict in judged]


def _note(row: Row, prefix: str, verdict: Verdict) -> None:
    """Keep the scores (of several texts the highest) and count the redactions."""
    for score, value in verdict.scores.items():
        name = f"{prefix}{score}"
        row.scores[name] = max(value, row.scores.get(name, value))
    row.redactions.update(verdict.counts)


def _worst(verdicts: Sequence[Verdict]) -> Verdict:
    return max(verdicts, key=lambda verdict: _SEVERITY.index(verdict.action))


def _apply(row: Row, loaded: _Loaded, verdicts: Sequence[Verdict]) -> None:
    worst = _worst(verdicts)
    if worst.action == "drop" and loaded.filter.conceals:
        row.status = "kept"  # whatever was decided before: this decision stands alone
        row.reject("dropped", worst.reason, loaded.name)
        row.conceal()
    elif worst.action == "drop":
        row.reject("dropped", worst.reason, loaded.name)
    elif worst.action == "quarantine":
        row.reject("quarantined", worst.reason, loaded.name)


def _tell_language(row: Row) -> None:
    """For the filters to come, and for the counts."""
    if (text := row.texts.get("source_text")) is not None and not text.language:
        row.texts["source_text"] = Text(text.value, detect_language(text.value))
        row.language = row.texts["source_text"].language or "unknown"
