"""Reuses the verdicts of the earlier output that a job names as `filters_from`."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
from pydantic import TypeAdapter

from filters import AnyFilter, Filter
from filters.base import filter_names, unique_names
from filters.services.service_filter import deciding_settings
from pipelines.config.idle_filters import refuse_idle_filters
from pipelines.config.job import Job
from pipelines.config.recorded import read_recorded
from pipelines.output.fingerprint import fingerprint_of
from pipelines.output.output import Output, open_output
from pipelines.planning.changed_shards import compare_content
from pipelines.planning.decisions import REVIEW
from pipelines.planning.earlier_input import check_earlier_input
from pipelines.planning.selection import WHERE
from pipelines.storage.paths import absolute
from schemas.errors import JobError
from schemas.frozen import Frozen
from schemas.units import MISSING, Units

_ANY_FILTER: TypeAdapter[Filter] = TypeAdapter(AnyFilter)


class EarlierOutput(Frozen):
    """The properties of an earlier output that affect the bytes of an output reusing its verdicts.

    job.record records them as `resolved.filters_from`.
    """

    fingerprint: str
    """The fingerprint of the earlier output."""
    ran: tuple[Mapping[str, Any], ...]
    """The filters that gave the verdicts, as job.record has them."""
    asked: tuple[str, ...]
    """The names of the earlier tasks; verdicts on answers are not reused."""
    carried_types: Mapping[str, str] = {}
    """The types of its carried columns that are not text, by the column's name."""
    evaluate: Literal["first", "all"] = "first"
    """Whether all filters have scored every sample."""
    images_judged: bool
    """Whether one of the filters judges the content of images with a model."""
    rules: Mapping[str, str] = {}
    """The version of each filter's rules, by the filter's name in rows."""

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> "EarlierOutput":
        """Read the job.record of the earlier output, which may itself reuse verdicts of another."""
        before = record["resolved"].get("filters_from") or {"ran": (), "asked": ()}
        ran, own = list(before["ran"]), list(record["filters"])
        own_filters = [_filter_or_none(each) for each in own]
        replaced = _replaced(_deciding(ran), _deciding(own), own_filters)
        for index, number in replaced.items():
            ran[index] = own[number]
        own = [each for each in own if deciding_settings(each) not in _deciding(ran)]
        return cls(
            fingerprint=fingerprint_of(record),
            ran=(*ran, *own),
            evaluate="first" if before.get("evaluate") == "first" else record["evaluate"],
            asked=(*before["asked"], *record["tasks"]),
            carried_types=record["resolved"].get("carried_types", {}),
            images_judged=record["resolved"]["images_judged"],
            rules={**before.get("rules", {}), **record["resolved"].get("rules", {})},
        )


def filters_that_ran(record: Mapping[str, Any]) -> dict[str, Filter | None]:
    """Return the filters that judged the rows of an output, by their names in rows.

    `record` is the output's job.record. None stands for a class of the user's own, which is not
    imported, and for a filter of another version.
    """
    is_first = record["resolved"].get("filters_from") is None
    ran = record["filters"] if is_first else EarlierOutput.from_record(record).ran
    names = unique_names([str(each["kind"]) for each in ran])
    return {
        name: None if ":" in each["kind"] else _filter_or_none(each)
        for name, each in zip(names, ran, strict=True)
    }


def open_earlier_output(job: Job) -> Output | None:
    """Open the output of `filters_from`; None if the job has no `filters_from`.

    Raises JobError if the verdicts of that output cannot be reused for this job.
    """
    if job.filters_from is None:
        return None
    if absolute(job.filters_from) == absolute(job.output):
        raise JobError("output: is the one of filters_from: choose another folder")
    try:
        earlier = open_output(job.filters_from, job.open_storage())
    except JobError as error:
        raise JobError(f"filters_from: {error}") from None
    check_earlier_input(job, earlier)
    return earlier


def filters_to_run(job: Job, earlier: EarlierOutput | None) -> dict[str, Filter]:
    """Return the filters that a job runs, by their names in rows and reports.

    A filter that the earlier output ran now judges only generated texts, if it applies to these.
    Filters that are new in this job run in full. If one has other thresholds than in the earlier
    job, or if a person has decided about samples, all earlier filters are returned in full, to
    judge some samples again. Raises JobError if a filter has nothing to judge.
    """
    if earlier is None:
        return dict(zip(filter_names(job.filters), job.filters, strict=True))
    own_records = _deciding([stage.model_dump(mode="json") for stage in job.filters])
    ran = _deciding(earlier.ran)
    replaced = _replaced(ran, own_records, job.filters)
    added = [
        stage
        for number, (stage, record) in enumerate(zip(job.filters, own_records, strict=True))
        if record not in ran and number not in replaced.values()
    ]
    refuse_idle_filters(
        job.filters,
        [stage for stage in job.filters if stage not in added],
        reads_text=bool(job.input.text),
        tasks=job.tasks,
    )
    kinds = [
        *(str(record["kind"]) for record in earlier.ran),
        *(stage.recorded_kind for stage in added),
    ]
    names = unique_names(kinds)
    for key, name in (("decisions", REVIEW), ("where", WHERE)):
        if getattr(job, key) and name in names:
            raise JobError(f"{key}: a filter is named {name}, as rows name {key}: rename its class")
    filters: dict[str, Filter] = {}
    for index, (name, record) in enumerate(zip(names, earlier.ran, strict=False)):
        if index in replaced:
            filters[name] = job.filters[replaced[index]]
        elif replaced or job.decisions:
            again = [i for i, own_record in enumerate(own_records) if own_record == ran[index]]
            filters[name] = job.filters[again[0]] if again else _read_filter(record)
        elif record.get("applies_to", "source") != "source":
            own = [i for i, own_record in enumerate(own_records) if own_record == ran[index]]
            stage = job.filters[own[0]] if own else _read_filter(record)
            filters[name] = stage.model_copy(update={"applies_to": "generated"})
    return filters | dict(zip(names[len(earlier.ran) :], added, strict=True))


def earlier_filters(
    job: Job, earlier: EarlierOutput
) -> tuple[dict[str, Filter], dict[str, Filter]]:
    """Return the filters of the earlier output before and after this job's change of thresholds.

    Both are empty if the job changes no threshold and has no decisions of a person.
    """
    own_records = _deciding([stage.model_dump(mode="json") for stage in job.filters])
    replaced = _replaced(_deciding(earlier.ran), own_records, job.filters)
    if not replaced and not job.decisions:
        return {}, {}
    filters = filters_to_run(job, earlier)
    after = dict(list(filters.items())[: len(earlier.ran)])
    before = {
        name: _read_filter(record) if index in replaced else after[name]
        for index, (name, record) in enumerate(zip(after, earlier.ran, strict=True))
    }
    return before, after


def _deciding(records: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return records of filters without the settings that change no verdict."""
    return [deciding_settings(record) for record in records]


def _replaced(
    ran: Sequence[Mapping[str, Any]],
    own_records: Sequence[Mapping[str, Any]],
    own: Sequence[Filter | None],
) -> dict[int, int]:
    """Match filters of a job with earlier ones from which they differ in thresholds alone.

    Returns the index of the job's filter by the index of the earlier one. A filter that the job
    names as it ran is not replaced.
    """
    replaced: dict[int, int] = {}
    for number, (record, stage) in enumerate(zip(own_records, own, strict=True)):
        if stage is None or record in ran or not stage.thresholds:
            continue
        for index, before in enumerate(ran):
            if before in own_records or index in replaced or before.keys() != record.keys():
                continue
            if {key for key in record if record[key] != before[key]} <= stage.thresholds:
                replaced[index] = number
                break
    return replaced


def _filter_or_none(record: Mapping[str, Any]) -> Filter | None:
    try:
        return _read_filter(record)
    except JobError:  # of another class of the user's own, which has no thresholds
        return None


def match_earlier_units(earlier: Output, shards: Units) -> Units:
    """Return the units into which the earlier job split these shards.

    A shard with another version is recognized by the digest of its committed rows. Raises JobError
    if the content of a shard changed since, or the earlier job did not read the shard.
    """
    matches = earlier.units.match(shards)
    is_missing = np.ones(len(shards), np.bool_)
    is_missing[matches[matches != MISSING]] = False
    if missing := sorted(shards.take(is_missing).column("shard")):
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        raise JobError(
            f"filters_from: {earlier.layout.root} has no {missing[0]}{more}: "
            "name shards in input.shards that it was run on, below the same folder"
        )
    compared = compare_content(earlier, shards, matches)
    for position in np.flatnonzero(compared.touched & ~compared.same)[:1]:
        shard = shards[int(matches[position])]
        raise JobError(
            f"filters_from: {shard.path} changed since {earlier.layout.root} was begun: "
            "restore it, or filter it anew"
        )
    units = earlier.units.replace("path", shards.matched("path", matches))
    units = units.replace("version", shards.matched("version", matches))
    if (matches != MISSING).all():
        return units
    return Units(units.take(matches != MISSING).table)


def check_finished(earlier: Output, units: Units) -> None:
    """Raise JobError if the earlier job has not finished one of these units.

    A unit that failed in the earlier job is no error: it will fail in this job too.
    """
    listing = earlier.listing
    names = units.column("name")
    if len(units) == len(earlier.units):  # then they are the same
        names = units.take(~listing.complete).column("name")
    waiting = [
        name for name in names if not listing.is_complete(name) and name not in listing.failed
    ]
    if waiting:
        more = f" and {len(waiting) - 1} more" if len(waiting) > 1 else ""
        raise JobError(
            f"filters_from: {earlier.layout.root} has not committed {waiting[0]}{more}: "
            "run that job to its end first, or name fewer shards in input.shards"
        )


def _read_filter(record: Mapping[str, Any]) -> Filter:
    return read_recorded(
        _ANY_FILTER,
        record,
        f"filters_from: its filter {record['kind']} is none of those listed here, and judges "
        "what the model writes: give it in filters again, as it was",
    )
