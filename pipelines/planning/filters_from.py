"""What an earlier output lends to a job that names it as `filters_from`: units and verdicts."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from pydantic import TypeAdapter, ValidationError

from filters import AnyFilter, Filter
from filters.base import filter_names, unique_names
from pipelines.config.job import Job
from pipelines.output.output import Output, open_output
from pipelines.storage.resolve import absolute
from schemas.errors import JobError
from schemas.frozen import Frozen
from schemas.sample import Unit

_LISTED: TypeAdapter[Filter] = TypeAdapter(AnyFilter)


class EarlierOutput(Frozen):
    """What of an earlier output decides the bytes of the one that takes its verdicts."""

    fingerprint: str
    ran: tuple[Mapping[str, Any], ...]  # the filters behind its verdicts, as job.json holds them
    asked: tuple[str, ...]  # its tasks: what was said of their answers is not taken along
    images_judged: bool  # one of those filters judges by a model what images show


def open_earlier_output(job: Job) -> Output | None:
    """None where the job takes no verdicts; JobError where it cannot have them."""
    if job.filters_from is None:
        return None
    if absolute(job.filters_from) == absolute(job.output):
        raise JobError("output: is the one of filters_from: choose another folder")
    try:
        opened = open_output(job.filters_from)
    except JobError as error:
        raise JobError(f"filters_from: {error}") from None
    _check_input(job, opened)
    return opened


def describe_earlier_output(opened: Output, fingerprint: str) -> EarlierOutput:
    """What an output lends, with what it was lent itself."""
    before = opened.record["resolved"].get("filters_from") or {"ran": (), "asked": ()}
    return EarlierOutput(
        fingerprint=fingerprint,
        ran=(*before["ran"], *opened.record["filters"]),
        asked=(*before["asked"], *opened.record["tasks"]),
        images_judged=opened.record["resolved"]["images_judged"],
    )


def filters_by_name(job: Job, earlier: EarlierOutput | None) -> dict[str, Filter]:
    """The filters that judge in a job, by their names in rows and reports.

    Those that ran earlier judge what the model writes, and the source no more.
    """
    if earlier is None:
        return dict(zip(filter_names(job.filters), job.filters, strict=True))
    dumps = [stage.model_dump(mode="json") for stage in job.filters]
    given = [
        stage for stage, dump in zip(job.filters, dumps, strict=True) if dump not in earlier.ran
    ]
    kinds = [*(str(dump["kind"]) for dump in earlier.ran), *(stage.kind for stage in given)]
    names = unique_names(kinds)
    found: dict[str, Filter] = {}
    for name, record in zip(names, earlier.ran, strict=False):
        if record.get("applies_to", "source") != "source":
            own = [stage for stage, dump in zip(job.filters, dumps, strict=True) if dump == record]
            stage = own[0] if own else _filter(record)
            found[name] = stage.model_copy(update={"applies_to": "generated"})
    return found | dict(zip(names[len(earlier.ran) :], given, strict=True))


def units_of_earlier_output(opened: Output, shards: Sequence[Unit]) -> tuple[Unit, ...]:
    """The units that these shards were for the earlier job; JobError where they have changed."""
    now = {shard.shard: shard for shard in shards}
    units = []
    for unit in opened.units:
        if (shard := now.get(unit.shard)) is None:
            continue
        if shard.version != unit.version:
            raise JobError(
                f"filters_from: {shard.path} changed since {opened.layout.root} was begun: restore "
                "it with its time of modification, or filter it anew"
            )
        units.append(replace(unit, path=shard.path))
    if missing := now.keys() - {unit.shard for unit in units}:
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        raise JobError(
            f"filters_from: {opened.layout.root} has no {min(missing)}{more}: "
            "name shards in input.shards that it was run on, below the same folder"
        )
    return tuple(units)


def check_finished(opened: Output, units: Sequence[Unit]) -> None:
    """JobError where verdicts on these units are still to come; those that failed will not."""
    held = opened.contents
    waiting = [
        u.name for u in units if not held.progress_of(u.name).complete and u.name not in held.failed
    ]
    if waiting:
        more = f" and {len(waiting) - 1} more" if len(waiting) > 1 else ""
        raise JobError(
            f"filters_from: {opened.layout.root} has not committed {waiting[0]}{more}: "
            "run that job to its end first, or name fewer shards in input.shards"
        )


def _check_input(job: Job, opened: Output) -> None:
    """Texts and images must be those that were judged; others would slip past the filters."""
    before = opened.record["input"]
    known = {("text", before["text"]), *(("carry", source) for source in before["carry"])}
    for field, source in job.input.sources():
        if (field, source) not in known:
            raise JobError(
                f"input.{field}: {source} was not read so by {opened.layout.root}, whose filters "
                f"have not seen it: leave it out{' (null)' if field == 'text' else ''}"
            )
    if job.input.image != before["image"]:
        raise JobError(
            f"input.image: {opened.layout.root} judged the images of "
            f"{before['image'] or 'the column found'}: name the same"
        )


def _filter(record: Mapping[str, Any]) -> Filter:
    try:
        return _LISTED.validate_json(json.dumps(record), strict=True)
    except ValidationError:
        raise JobError(
            f"filters_from: its filter {record['kind']} is none of those listed here, and judges "
            "what the model writes: give it in filters again, as it was"
        ) from None
