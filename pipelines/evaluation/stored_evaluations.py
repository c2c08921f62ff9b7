"""Reads the evaluations that are stored with an output."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice

from pydantic import ValidationError

from pipelines.evaluation.results import Evaluation
from pipelines.evaluation.safety_record import SafetyRecord
from pipelines.output.output import Output
from schemas.regular_file import NotRegularFile, parse_json

_MOST = 100
_LARGEST = 10_000_000  # bytes


@dataclass(frozen=True, slots=True)
class StoredEvaluations:
    """The evaluations of an output, by their names."""

    answers: Mapping[str, Evaluation]
    safety: Mapping[str, SafetyRecord]  # of `evaluate --safety`
    damaged: tuple[str, ...]  # names of files that cannot be read


def read_evaluations(output: Output) -> StoredEvaluations:
    """Read the evaluations of an output, the first hundred in the order of their names."""
    folder = f"{output.layout.control}/evaluations"
    answers: dict[str, Evaluation] = {}
    safety: dict[str, SafetyRecord] = {}
    damaged: list[str] = []
    entries = (each for each in output.storage.list(folder) if each.path.endswith(".record"))
    for entry in islice(entries, _MOST):
        name = entry.path.rpartition("/")[2].removesuffix(".record")
        try:
            if entry.size > _LARGEST:
                raise ValueError("is too large")
            content = output.storage.read_bytes(entry.path)
            if "threshold" in parse_json(content):
                safety[name] = SafetyRecord.model_validate_json(content)
            else:
                answers[name] = Evaluation.model_validate_json(content)
        except (ValidationError, ValueError, TypeError, NotRegularFile):
            damaged.append(name)
    return StoredEvaluations(answers, safety, tuple(damaged))
