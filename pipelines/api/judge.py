"""`shardmill.judge`: the verdicts of text filters on strings, as plain values."""

from collections.abc import Iterable, Mapping
from typing import Any

from filters import TextFilter
from filters.base import FieldFilter, filter_names
from pipelines.annotation.filtering import FilterChain
from pipelines.annotation.loaded_job import load_filters
from pipelines.annotation.worker_faults import worker_faults
from pipelines.api.arguments import FilterLike, check_texts, make_job, read_filters
from pipelines.config.input import Limits
from pipelines.display.sample_progress import show_samples
from pipelines.planning.resolve import resolve_with
from pipelines.reading.text_fields import FieldFault
from pipelines.rows.row import Row
from pipelines.rows.texts import check_text
from schemas.errors import JobError
from schemas.sample import Text
from schemas.sample_status import SampleStatus

_CHUNK = 64  # texts that filters judge together, as in a job
_ACTIONS: Mapping[SampleStatus, str] = {
    "kept": "keep",
    "dropped": "drop",
    "quarantined": "quarantine",
    "invalid": "invalid",
}
_last: dict[tuple[object, ...], FilterChain] = {}  # the filters of the last call, loaded


def judge(
    texts: Iterable[str],
    filters: FilterLike | Iterable[FilterLike],
    *,
    evaluate: str = "first",
    progress: bool = True,
) -> list[dict[str, Any]]:
    """Judge texts by filters, and return one dict for each text, in order.

    shardmill.judge(["write to ann@example.org"], "personal_data")
    # [{"action": "redact", "filter": None, "reason": None, "scores": {"personal_data.matches": 1},
    #   "language": "unknown", "redactions": {"EMAIL_ADDRESS": 1},
    #   "text": "write to [EMAIL_ADDRESS]"}]

    `filters` are kinds of text filters, or filters with their keys as in a job file:
    `{"kind": "text_quality", "min_words": 3}`. They judge a text as the source text of a sample.
    `action` is `keep`, `redact` (kept with replacements), `quarantine`, `drop`, or `invalid` for a
    text that no job would read. `text` is None unless the text is kept. With `evaluate="all"`,
    filters also judge what an earlier filter rejected, for their scores. Raises JobError, which
    names the argument, if an argument is wrong.
    """
    stages = [_judges_source(n, stage) for n, stage in enumerate(read_filters(filters))]
    if not stages:
        raise JobError("filters: name at least one, such as 'text_quality'")
    job = make_job(model=None, tasks={}, filters=stages, evaluate=evaluate, has_texts=True)
    listed = check_texts(texts, "texts")
    work = resolve_with(job, None)
    key = (work.fingerprint, *map(type, stages))
    if key not in _last:
        _last.clear()
        with worker_faults():
            _last[key] = load_filters(work, dict(zip(filter_names(stages), stages, strict=True)))
    chain = _last[key]
    entries: list[dict[str, Any]] = []
    with show_samples(len(listed), progress) as count, worker_faults():
        for start in range(0, len(listed), _CHUNK):
            some = listed[start : start + _CHUNK]
            rows = [_row(text, job.input.limits) for text in some]
            chain.on_texts(rows)
            entries += map(_entry, rows, some)
            count(len(rows))
    return entries


def _judges_source(number: int, stage: object) -> TextFilter:
    if not isinstance(stage, TextFilter):
        kind = getattr(stage, "kind", "")
        if isinstance(stage, FieldFilter):
            raise JobError(
                f"filters[{number}]: {kind} judges a carried column, which texts lack: leave it out"
            )
        raise JobError(f"filters[{number}]: {kind} judges images: use shardmill.judge_images")
    return stage.model_copy(update={"applies_to": "source"})


def _row(text: str, limits: Limits) -> Row:
    row = Row("", 0)
    try:
        row.texts = {"source_text": Text(check_text(text, limits))}
    except FieldFault as fault:
        row.reject("invalid", fault.reason)
    return row


def _entry(row: Row, given: str) -> dict[str, Any]:
    text = row.texts["source_text"].value if row.kept else None
    return {
        "action": _ACTIONS[row.status] if text in (None, given) else "redact",
        "filter": row.filter or None,
        "reason": row.reason or None,
        "scores": dict(sorted(row.scores.items())),
        "language": row.language or None,
        "redactions": dict(sorted(row.redactions.items())),
        "text": text,
    }
