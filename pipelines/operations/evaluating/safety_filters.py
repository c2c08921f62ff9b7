"""Chooses the filters whose scores of answers `shardmill evaluate --safety` counts.

Scores are taken from rows if the job had the filter on answers. Otherwise the filter judges the
stored answers.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from filters import TextFilter
from filters.base import INDETERMINATE, Filter, scores_of
from inference.tasks.task import Task
from pipelines.annotation.filtering import FilterChain
from pipelines.annotation.loaded_job import load_filters
from pipelines.config.filter_list import read_filter_list
from pipelines.config.job import Job
from pipelines.config.yaml_text import parse_yaml
from pipelines.output.output import Output
from pipelines.planning.filters_from import EarlierOutput, filters_to_run
from pipelines.planning.resolve import resolve_with
from pipelines.rows.row import Row
from schemas.errors import JobError
from schemas.sample import Text

_WITHHELD = ("dropped", "quarantined")
_TEXT_FIELDS = ("label", "text")  # of the objects and words of an answer


@dataclass(frozen=True, slots=True)
class ScoredAnswer:
    """The scores of an answer by a filter, or why it has none."""

    scores: Mapping[str, float] = field(default_factory=dict)
    why_not: str = ""  # `indeterminate`, `withheld` or `without_text`; "" if it was judged


@dataclass(frozen=True, slots=True)
class SafetyFilter:
    """A filter whose scores are counted."""

    name: str
    stage: TextFilter
    task: str
    judged_all: bool = False  # no filter before it could withhold an answer
    chain: FilterChain | None = None  # loaded; None if the scores are those of rows
    language: str = ""  # of the answers, if the filter judges them now

    @property
    def from_rows(self) -> bool:
        return self.chain is None

    @property
    def zero_scores(self) -> Collection[str] | None:
        """The scores that are 0 where an answer has none; None: all are stored."""
        return None if self.stage.stores_zeros else self.stage.zero_scores

    def score(
        self, rows: Sequence[Mapping[str, Any]], statuses: Sequence[str]
    ) -> list[ScoredAnswer]:
        """Return the scores of the answer of each row; `statuses` are those of the answers."""
        if self.chain is None:
            return [self._stored(*each) for each in zip(rows, statuses, strict=True)]
        texts = [[*_texts(row[self.task])] for row in rows]
        found = iter(self._judge([text for each in texts for text in each]))
        scored = []
        for each, status in zip(texts, statuses, strict=True):
            if status in _WITHHELD:
                scored.append(ScoredAnswer(why_not="withheld"))
            else:
                scored.append(self._scored([next(found) for _ in each], "without_text"))
        return scored

    def _stored(self, row: Mapping[str, Any], status: str) -> ScoredAnswer:
        scores = {each["name"]: each["value"] for each in row["scores"]}
        own = scores_of(f"{self.name}.{self.task}", scores)
        withheld = status in _WITHHELD and not self.judged_all
        return self._scored([own] if own else [], "withheld" if withheld else "")

    def _scored(self, found: Sequence[Mapping[str, float]], why_none: str) -> ScoredAnswer:
        """Return the highest scores of an answer; `why_none` says why there are none."""
        scores: dict[str, float] = {}
        for each in found:
            for name, value in each.items():
                scores[name] = max(value, scores.get(name, value))
        if any(name.startswith(INDETERMINATE) for name in scores):
            return ScoredAnswer(why_not="indeterminate")
        if not found and (why_none or self.stage.stores_zeros):
            return ScoredAnswer(why_not=why_none or "without_text")
        return ScoredAnswer(scores)

    def _judge(self, texts: Sequence[str]) -> list[Mapping[str, float]]:
        rows = [Row("", 0, texts={"source_text": Text(each, self.language)}) for each in texts]
        if self.chain is not None:
            self.chain.on_texts(rows)
        return [scores_of(self.name, row.scores) for row in rows]


def safety_filters(output: Output, job: Job, task: str, asked: Sequence[str]) -> list[SafetyFilter]:
    """Return the filters that are asked for: by their names in rows, by kind, or as YAML mappings.

    Those that judge now are loaded. Raises JobError if one does not exist or judges no texts.
    """
    earlier = None
    if job.filters_from:
        earlier = EarlierOutput.model_validate(output.record["resolved"]["filters_from"])
    ran = filters_to_run(job, earlier)
    on_answers = [name for name, stage in ran.items() if _judges(stage, job.tasks[task])]
    found = []
    for name in asked:
        stage = ran.get(name)
        if stage is not None and name in on_answers and isinstance(stage, TextFilter):
            first = on_answers[0] == name
            found.append(SafetyFilter(name, stage, task, judged_all=first))
        else:
            found.append(_judging_now(job, task, stage or _read(name)))
    return found


def _judges(stage: Filter, task: Task) -> bool:
    """Return whether a filter of a job judges the answers of a task."""
    if not isinstance(stage, TextFilter) or stage.applies_to == "source":
        return False
    return stage.fields == "all" or not task.keeps_raw


def _read(text: str) -> Filter:
    """Read a filter that is given by kind, or as a mapping in YAML."""
    data = parse_yaml(text, "--safety")
    if not isinstance(data, str | dict):
        raise JobError(f"--safety: {text}: is no filter: name one such as toxicity_rules")
    try:
        (stage,) = read_filter_list([data])
    except JobError as error:
        raise JobError(f"--safety: {error}") from None
    return stage


def _judging_now(job: Job, task: str, stage: Filter) -> SafetyFilter:
    if not isinstance(stage, TextFilter):
        raise JobError(f"--safety: {stage.kind} judges images: name a filter of texts")
    judging = stage.model_copy(update={"applies_to": "source"})  # here, a text is a source text
    alone: dict[str, object] = {
        "model": None,
        "tasks": {},
        "filters": (judging,),
        "canary": None,
        "evaluations": {},
    }
    alone |= {"filters_from": None, "decisions": None, "where": None}
    work = resolve_with(job.model_copy(update=alone), None)
    chain = load_filters(work, {stage.kind: judging})
    language = job.tasks[task].text_language
    return SafetyFilter(stage.kind, judging, task, chain=chain, language=language)


def _texts(value: object) -> Iterator[str]:
    """Yield the texts of a stored answer: the text itself, or labels and words of its objects."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)
    elif isinstance(value, dict):
        yield from (value[name] for name in _TEXT_FIELDS if isinstance(value.get(name), str))
