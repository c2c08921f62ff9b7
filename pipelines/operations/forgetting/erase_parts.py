"""Erases the names of parts from stored evaluations, if no kept row has them any more.

An evaluation `--by` a column names its parts after values of samples, such as a photographer.
"""

from collections.abc import Iterable, Iterator, Mapping

from pydantic import ValidationError

from pipelines.evaluation.results import Evaluation
from pipelines.operations.evaluating.evaluate_rows import part_name
from pipelines.operations.evaluating.evaluation_files import as_stored
from pipelines.operations.evaluating.safety_counts import SafetyEvaluation
from pipelines.operations.stored_samples.stored_rows import read_batches
from pipelines.output.output import Output
from schemas.regular_file import NotRegularFile

Columns = Mapping[str, set[str]]  # names of parts, by column

_BATCH = 1 << 14  # rows


def erase_parts(output: Output) -> int:
    """Erase the names that no kept row has; return from how many evaluations.

    An evaluation that cannot be read is deleted, because nobody knows whom it names.
    """
    storage, number = output.storage, 0
    stored: dict[str, Evaluation | SafetyEvaluation] = {}
    for entry in list(storage.list(f"{output.layout.control}/evaluations")):
        if not entry.path.endswith(".record"):
            continue
        try:
            stored[entry.path] = _read(storage.read_bytes(entry.path))
        except (ValidationError, ValueError, NotRegularFile):
            storage.delete(entry.path)
            number += 1
    wanted: dict[str, set[str]] = {}
    for each in stored.values():
        for column, names in _parts(each):
            wanted.setdefault(column, set()).update(names)
    left = _names_left(output, wanted) if wanted else {}
    for path, each in stored.items():
        if (changed := _without(each, left)) != each:
            storage.write_bytes(path, as_stored(changed))
            number += 1
    return number


def _read(content: bytes) -> Evaluation | SafetyEvaluation:
    try:
        return Evaluation.model_validate_json(content)
    except ValidationError:
        return SafetyEvaluation.model_validate_json(content)


def _parts(found: Evaluation | SafetyEvaluation) -> Iterator[tuple[str, Iterable[str]]]:
    """Yield the columns after whose values an evaluation names parts, with these names."""
    if isinstance(found, SafetyEvaluation):
        yield from (item for each in found.filters for item in each.subgroups.items())
    elif found.by and found.parts:
        yield found.by, found.parts


def _names_left(output: Output, wanted: Columns) -> Columns:
    """Return which of these names kept rows still have."""
    found: dict[str, set[str]] = {column: set() for column in wanted}
    for _, progress in output.listing.committed():
        for file in progress.files:
            path = output.layout.file(file)
            for batch in read_batches(path, output.storage, ["status", *wanted], _BATCH):
                own = [name for name in wanted if name in batch.schema.names]
                for row in batch.select(["status", *own]).to_pylist():
                    for name in own if row["status"] == "kept" else ():
                        if (part := part_name(row[name])) in wanted[name]:
                            found[name].add(str(part))
    return found


def _without(found: Evaluation | SafetyEvaluation, left: Columns) -> Evaluation | SafetyEvaluation:
    if isinstance(found, Evaluation):
        names = left.get(found.by or "", set())
        parts = {name: each for name, each in found.parts.items() if name in names}
        return found.model_copy(update={"parts": parts})
    filters = []
    for each in found.filters:
        subgroups = {
            column: {name: shares for name, shares in of.items() if name in left.get(column, ())}
            for column, of in each.subgroups.items()
        }
        summaries = {
            column: {
                score: summary
                for score, summary in of.items()
                if summary.subgroup in left.get(column, ())
            }
            for column, of in each.summaries.items()
        }
        filters.append(each.model_copy(update={"subgroups": subgroups, "summaries": summaries}))
    return found.model_copy(update={"filters": tuple(filters)})
