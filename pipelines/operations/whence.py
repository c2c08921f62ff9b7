"""`shardmill whence`: tells how one row of an output, or of a copy of its rows, came about."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import TypeAdapter, ValidationError

from pipelines.output.layout import CONTROL_FOLDER, unit_of_file
from pipelines.output.output import Output, open_output
from pipelines.planning.provenance import FilterVersion, Provenance, filter_records, provenance_of
from pipelines.storage.paths import absolute, parent
from pipelines.storage.resolve import STORAGE
from pipelines.storage.storage import Storage
from pipelines.storage.urls import check_url
from schemas.counted import counted
from schemas.errors import JobError
from schemas.frozen import Frozen
from schemas.regular_file import NotRegularFile, parse_json
from schemas.report import Counts
from schemas.sample_status import SampleStatus
from schemas.tables import (
    FOOTER_COUNTS,
    FOOTER_FINGERPRINT,
    FOOTER_PROVENANCE,
    FOOTER_UNIT,
    IDENTITY,
    PROVENANCE,
    task_name,
)

# skipped: an earlier filter had decided. judged: an earlier filter had decided, and this
# one judged the sample too. answers: it judges answers alone. unknown: the file does not tell.
FilterVerdict = Literal[
    "passed", "dropped", "quarantined", "skipped", "judged", "answers", "unknown"
]
_LARGEST = 1 << 20  # bytes of a footer's entry or a column's text, inclusive


class FilterTrace(Frozen):
    """What one filter made of a row."""

    name: str
    """The name of the filter in rows."""
    version: FilterVersion
    """The versions of the filter's rules, models and lists."""
    verdict: FilterVerdict
    """What the filter decided about the sample."""
    scores: Mapping[str, float] = {}
    """The stored scores of the filter."""


class Whence(Frozen):
    """How a row came about."""

    file: str
    """The file."""
    row: int
    """The number of the row in the file, from 0."""
    output: str | None
    """The output of which the file is a part; null for a copy of rows elsewhere."""
    job: str | None
    """The name of the job; null if the file does not tell."""
    unit: str | None
    """The unit: a shard, or a slice of one; null if the file does not tell."""
    shard: str | None
    """The shard from which the sample was read; null if the file has no such column."""
    index: int | None
    """The position of the sample in the shard, from 0; null likewise."""
    member: str | None
    """The key of the sample in its shard; null unless the sample was kept."""
    status: SampleStatus | None
    """What became of the sample; null if the file has no such column."""
    filter: str | None
    """The filter that decided; null if none did."""
    reason: str | None
    """The reason code; null if the sample was kept."""
    error: str | None
    """The type of a decoding error."""
    provenance: Provenance
    """The fingerprint, and the versions of model, prompts and filters."""
    filters: tuple[FilterTrace, ...]
    """What each filter decided; those on samples in the order of their runs."""
    redactions: Mapping[str, int] = {}
    """The matches replaced in texts, by infotype."""
    answers: Mapping[str, str] = {}
    """The status of each task's answer."""


class _File(NamedTuple):
    """The entries of a file's footer, and the values of one row."""

    footer: Mapping[str, str]
    row: Mapping[str, Any]


def whence(file: str, row: int, storage: Storage | None = None) -> Whence:
    """Tell how a row of a Parquet file came about: a file of an output, or a copy of its rows.

    Of a copy, the column `provenance` tells, or the footer of an exported file. Texts of samples
    are not read. Raises JobError if the file cannot be read, has no such row, or says nothing of
    its origin.
    """
    check_url(file)
    storage, path = storage or STORAGE, absolute(file)
    found = _read(path, row, storage)
    output = _output_of(path, found.footer, storage)
    try:
        return _told(path, row, found, output)
    except (TypeError, KeyError, ValidationError):
        raise JobError(f"{path}: its columns are not those of shardmill: name another") from None


def _told(path: str, row: int, found: _File, output: Output | None) -> Whence:
    provenance = _provenance(path, found, output)
    values = found.row
    return Whence(
        file=path,
        row=row,
        output=output.layout.root if output else None,
        job=output.record["name"] if output else None,
        unit=found.footer.get(FOOTER_UNIT),
        shard=values.get("shard"),
        index=values.get("index"),
        member=values.get("key"),
        status=values.get("status"),
        filter=values.get("filter"),
        reason=values.get("reason"),
        error=values.get("error"),
        provenance=provenance,
        filters=_traces(found, provenance, output),
        redactions={each["infotype"]: each["count"] for each in values.get("redactions") or ()},
        answers={
            task_name(name): info.get("status") or "skipped"
            for name, info in values.items()
            if name.endswith("_info") and info
        },
    )


def _read(path: str, number: int, storage: Storage) -> _File:
    try:
        with storage.open(path) as stream:
            parquet = pq.ParquetFile(stream)
            metadata = parquet.metadata
            if not 0 <= number < metadata.num_rows:
                raise JobError(
                    f"{path}: has no row {number}: it has {counted(metadata.num_rows, 'row')}"
                )
            footer = {
                key.decode(): value.decode()
                for key, value in (metadata.metadata or {}).items()
                if key.startswith(b"shardmill.") and len(value) <= _LARGEST
            }
            group = 0
            while number >= (rows := metadata.row_group(group).num_rows):
                group, number = group + 1, number - rows
            table = parquet.read_row_group(group, columns=_columns(parquet.schema_arrow))
            (row,) = table.slice(number, 1).to_pylist()
    except FileNotFoundError:
        raise JobError(f"{path}: there is no such file: check the path") from None
    except IsADirectoryError:
        raise JobError(f"{path}: is a folder: name one of its Parquet files") from None
    except (pa.ArrowException, NotRegularFile, UnicodeDecodeError):
        raise JobError(f"{path}: is no Parquet file, or is damaged: name another") from None
    return _File(footer, row)


def _columns(schema: pa.Schema) -> list[str]:
    """Return the columns without texts of samples, except for the key.

    Programs that copy rows may change the types of texts.
    """
    own = [each.name for each in schema if each.name in IDENTITY or _is_provenance(each)]
    return own + [f"{each.name}.status" for each in schema if _is_info(each)]


def _is_provenance(column: pa.Field) -> bool:
    return column.name in PROVENANCE and pa.types.is_struct(column.type)


def _is_info(column: pa.Field) -> bool:
    if not column.name.endswith("_info") or not pa.types.is_struct(column.type):
        return False
    return "status" in [each.name for each in column.type]


def _output_of(path: str, footer: Mapping[str, str], storage: Storage) -> Output | None:
    """Return the output of which a file is a part; None if it is of none."""
    folder = parent(path)
    while storage.entry(f"{folder}/{CONTROL_FOLDER}/job.record") is None:
        if parent(folder) == folder:
            return None
        folder = parent(folder)
    output = open_output(folder, storage)
    name = path.removeprefix(f"{folder}/")
    unit = output.units.find(unit_of_file(name) or "") or output.units.find(
        name.removesuffix(".parquet")
    )
    is_own = unit is not None and name in output.progress_of(unit).files
    fingerprint = provenance_of(output.record).fingerprint
    return output if is_own and footer.get(FOOTER_FINGERPRINT) == fingerprint else None


def _provenance(path: str, found: _File, output: Output | None) -> Provenance:
    """Return the provenance from the record, the row or the footer, whichever there is."""
    if output is not None:
        return provenance_of(output.record)
    try:
        if column := found.row.get("provenance"):
            return Provenance.from_column(column)
        if text := found.footer.get(FOOTER_PROVENANCE):
            return Provenance.model_validate(parse_json(text.encode()))
    except ValueError:
        raise JobError(f"{path}: its provenance is damaged: name another file") from None
    if fingerprint := found.footer.get(FOOTER_FINGERPRINT):
        return Provenance(fingerprint=fingerprint, shardmill="")
    raise JobError(
        f"{path}: says nothing of its origin: it is in no output, and has neither a column "
        "`provenance` nor a footer by shardmill"
    )


def _traces(found: _File, provenance: Provenance, output: Output | None) -> tuple[FilterTrace, ...]:
    row, order = found.row, _order(found.footer)
    names = [name for name in provenance.filters if name not in order]
    on_answers: set[str] = set()
    if output is not None:
        on_answers = {
            name
            for name, stage in filter_records(output.record)
            if stage.get("applies_to") == "generated"
        }
    sequence = [name for name in [*names, *order] if name not in on_answers]
    all_judge = output is not None and output.record["evaluate"] == "all"
    verdicts = _verdicts(row, sequence, known=output is not None, all_judge=all_judge)
    verdicts |= dict.fromkeys(sorted(on_answers), "answers")
    scores = {each["name"]: each["value"] for each in row.get("scores") or ()}
    return tuple(
        FilterTrace(
            name=name,
            version=provenance.filters.get(name, FilterVersion(rules="")),
            verdict=verdict,
            scores={
                key.removeprefix(f"{name}."): value
                for key, value in scores.items()
                if key.startswith(f"{name}.")
            },
        )
        for name, verdict in verdicts.items()
    )


def _order(footer: Mapping[str, str]) -> list[str]:
    """Return the filters on samples that wrote a file, in the order of their runs."""
    try:
        counts = Counts.model_validate_json(footer.get(FOOTER_COUNTS, "{}"))
    except ValidationError:
        return []
    return [each.name for each in counts.filters]


def _verdicts(
    row: Mapping[str, Any], sequence: Sequence[str], *, known: bool, all_judge: bool
) -> dict[str, FilterVerdict]:
    """Return each filter's verdict on a row; `known` says that `sequence` is the filters' order.

    A filter that passed a sample need not have stored a score. So of a sample whose image cannot be
    read, the last filter with a score is the last one that is known to have judged it.
    """
    status, decisive = row.get("status"), row.get("filter")
    if status == "kept":
        return dict.fromkeys(sequence, "passed")
    verdicts: dict[str, FilterVerdict] = dict.fromkeys(sequence, "unknown")
    if known and status == "invalid" and decisive is None:
        scored = {each["name"].partition(".")[0] for each in row.get("scores") or ()}
        last = max((index for index, name in enumerate(sequence) if name in scored), default=-1)
        return verdicts | dict.fromkeys(sequence[: last + 1], "passed")
    if decisive not in verdicts:
        return verdicts
    position = sequence.index(decisive)
    if known:
        verdicts |= dict.fromkeys(sequence[:position], "passed")
        later: FilterVerdict = "judged" if all_judge else "skipped"
        verdicts |= dict.fromkeys(sequence[position + 1 :], later)
    return verdicts | {decisive: _VERDICT.validate_python(status)}


_VERDICT: TypeAdapter[FilterVerdict] = TypeAdapter(FilterVerdict)
