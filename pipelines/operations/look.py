"""`shardmill look`: one sample as it lies in its shard, the filters' verdicts, its stored row.

Nothing is stored. The content of a sample that a filter with `conceals` rejects is not returned.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from difflib import get_close_matches

import pyarrow.compute as pc

from pipelines.annotation.one_sample import (
    FilterStep,
    JudgedSample,
    NamedVerdict,
    SampleJudge,
)
from pipelines.annotation.worker_faults import worker_faults
from pipelines.config.input import Input
from pipelines.config.job import Job
from pipelines.images import DecodeOptions, ImageFault, side_by_side
from pipelines.operations.stored_samples.filter_steps import filter_steps
from pipelines.operations.stored_samples.recorded_job import recorded_job
from pipelines.operations.stored_samples.row_images import StoredRow
from pipelines.operations.stored_samples.stored_rows import read_rows
from pipelines.output.output import Output, open_output
from pipelines.planning.plan import first_units
from pipelines.reading import OpenUnit, RawSample, open_unit
from pipelines.reading.formats import open_fields
from pipelines.reading.raw_sample import Field
from pipelines.reading.shard_stream import CHANGED
from pipelines.rows.row import Row
from pipelines.storage.paths import absolute
from pipelines.storage.resolve import STORAGE
from pipelines.storage.storage import Storage
from pipelines.storage.urls import check_url
from schemas.errors import JobError, ShardFault
from schemas.sample import RGB, Unit

_ADVICE = "look at the sample through its job file instead of its output"


@dataclass(frozen=True, slots=True)
class LookedSample:
    """One sample; `fields`, `row` and `image` are empty if its content may not be shown."""

    shard: str
    index: int
    status: str
    verdicts: Sequence[NamedVerdict]  # in the order in which the filters run
    hidden_by: NamedVerdict | None  # why the content is not returned
    key: str | None = field(default=None, repr=False)
    fields: Mapping[str, Field] = field(default_factory=dict, repr=False)
    row: Row | None = field(default=None, repr=False)  # texts as the filters leave them, and scores
    image_size: int = 0  # bytes
    stored: StoredRow | None = field(default=None, repr=False)  # the row of the output
    is_of_output: bool = False  # an output was asked for; it may not have the row yet
    has_changed: bool = False  # the shard has changed since the output's first run
    image: RGB | None = field(default=None, repr=False)  # upright; None unless the sample is kept


def look(
    job: Job, output: Output | None, shard: str, index: int | None = None, key: str | None = None
) -> LookedSample:
    """Look at the sample with this index, or the first one with this key, of a shard.

    With `output`, which must be the job's, the sample's stored row is returned too. Raises JobError
    if there is no such shard or sample, and ShardFault if the shard cannot be read up to it.
    """
    listed = output.units if output else first_units(job)
    units = _units_of(shard, listed)
    steps = filter_steps(job, output, listed, _ADVICE)
    with worker_faults():
        return _look(units, steps, output, index=index, key=key)


def open_target(
    target: str, settings: Sequence[str] = (), storage: Storage | None = None
) -> tuple[Job, Output | None]:
    """Open the job file or the output that a user names; `settings` change a job file.

    The output is opened with `storage`. Raises JobError if it is neither.
    """
    check_url(target)
    is_job = target.endswith((".yaml", ".yml"))
    entry = None if is_job else (storage or STORAGE).entry(absolute(target))
    if is_job or (entry is not None and entry.is_file):
        if storage is not None:
            raise JobError(f"--storage: {target} is a job file, which has settings of its own")
        return Job.load(target, settings), None
    if settings:
        raise JobError(f"--set: {target} is an output, whose job cannot be changed")
    opened = open_output(target, storage)
    return recorded_job(opened, _ADVICE), opened


def _units_of(shard: str, units: Sequence[Unit]) -> list[Unit]:
    """Return the units of a shard, in order; the shard's name may lack the folders before it."""
    wanted = shard.rstrip("/")
    for matches in (
        lambda unit: wanted in (unit.shard.rstrip("/"), unit.name),
        lambda unit: absolute(shard) == unit.path.rstrip("/"),
        lambda unit: unit.shard.rstrip("/").endswith(f"/{wanted}"),
    ):
        found = [unit for unit in units if matches(unit)]
        names = sorted({unit.shard for unit in found})
        if len(names) > 1:
            raise JobError(f"{shard}: names {len(names)} shards: name one, such as {names[0]}")
        if found:
            return sorted(found, key=lambda unit: unit.first_index)
    names = [unit.shard for unit in units]
    close = get_close_matches(shard, names, 1) or names[:1]
    raise JobError(f"{shard}: is no shard of the job: shards are named like {', '.join(close)}")


def _look(
    units: list[Unit],
    steps: list[FilterStep],
    output: Output | None,
    *,
    index: int | None,
    key: str | None,
) -> LookedSample:
    if index is not None:
        units = [unit for unit in units if unit.first_index <= index][-1:]
    job = steps[0].work.job
    given, storage = job.input.model_copy(update={"on_bad_shard": "fail"}), job.open_storage()
    last = -1
    for unit in units:
        opened, has_changed = _open(unit, given, storage)
        with opened as samples:
            for raw in samples:
                last = raw.index
                if raw.index == index or (key is not None and raw.key == key):
                    with closing(SampleJudge(steps)) as judge:
                        judged = judge.judge(raw, unit, samples)
                        looked = _looked(raw, unit, judged, given, storage)
                        if looked.row is not None and looked.row.kept:
                            looked = replace(looked, image=_pixels(raw, given, judge))
                    looked = replace(looked, has_changed=has_changed)
                    return _with_stored_row(looked, unit, output, steps) if output else looked
    if key is not None:
        raise JobError(f"--key: no sample of {units[0].shard} has the key {key!r}")
    raise JobError(f"{units[0].shard}: has no sample {index}: the last one is {last}")


def _open(unit: Unit, given: Input, storage: Storage) -> tuple[OpenUnit, bool]:
    """Open a unit, also in another version than planned; return whether it has changed."""
    try:
        return open_unit(unit, storage, given), False
    except ShardFault as fault:
        if fault.reason not in CHANGED:
            raise
    return open_unit(replace(unit, version=""), storage, given), True


def _looked(
    raw: RawSample, unit: Unit, judged: JudgedSample, given: Input, storage: Storage
) -> LookedSample:
    row = judged.row
    if (hiding := judged.hidden_by) is not None:
        return LookedSample(unit.shard, raw.index, row.status, (hiding,), hiding)
    return LookedSample(
        unit.shard,
        raw.index,
        row.status,
        judged.verdicts,
        None,
        key=raw.key,
        fields=_fields(unit, raw.index, given, storage),
        row=row,
        image_size=sum(map(len, (raw.image, *raw.others))),
    )


def _fields(unit: Unit, index: int, given: Input, storage: Storage) -> Mapping[str, Field]:
    unit = replace(unit, version="")
    with open_fields(unit, storage, given) as samples:
        return next((each.fields for each in samples if each.index == index), {})


def _pixels(raw: RawSample, given: Input, judge: SampleJudge) -> RGB | None:
    """Return the first frame, upright; None if one cannot be decoded.

    Several images of a sample are beside each other.
    """
    options = DecodeOptions(None, frames=1, min_decoded_rows=given.accepted_rows())
    try:
        opened = [judge.open_image(each) for each in (raw.image, *raw.others)]
        return side_by_side([each.decode(options).frames[0] for each in opened])
    except ImageFault:
        return None


def _with_stored_row(
    looked: LookedSample, unit: Unit, output: Output, steps: list[FilterStep]
) -> LookedSample:
    """Add the row of the output; hide the content if a filter with `conceals` decided the row."""
    looked = replace(looked, is_of_output=True)
    stored = next(_stored_rows(looked.index, unit, output), None)
    if stored is None:
        return looked
    concealing = {name for step in steps for name, stage in step.filters.items() if stage.conceals}
    if stored["filter"] in concealing and stored["status"] != "kept" and not looked.hidden_by:
        hiding = NamedVerdict(str(stored["filter"]), "drop", str(stored["reason"]))
        looked = LookedSample(looked.shard, looked.index, "dropped", (hiding,), hiding)
    return replace(looked, stored=stored)


def _stored_rows(index: int, unit: Unit, output: Output) -> Iterator[StoredRow]:
    for file in output.progress_of(unit).files:
        path = output.layout.file(file)
        yield from read_rows(path, output.storage, lambda batch: pc.equal(batch["index"], index))
