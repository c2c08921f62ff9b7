"""States how the rows of an output came about, in a form that stays with copied rows.

Everything is taken from the job's record, and nothing from samples. Paths of this machine are left
out: instead of the path of a list or of a model's folder, the digest of its content is given.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Self

from filters.base import unique_names
from pipelines.output.fingerprint import fingerprint_of
from pipelines.planning.filters_from import EarlierOutput
from schemas.frozen import Frozen
from schemas.models import is_url
from schemas.regular_file import parse_json

_LARGEST = 1 << 20  # characters of a field of the column, inclusive


class FilterVersion(Frozen):
    """The version of one filter."""

    rules: str
    """The version of the filter's rules; empty if an earlier version of Shardmill ran it."""
    models: tuple[str, ...] = ()
    """The models that the filter asks, each with its commit."""
    files: tuple[str, ...] = ()
    """The SHA-256 of each file that the filter reads, such as a list."""


class Provenance(Frozen):
    """How the rows of an output came about."""

    fingerprint: str
    """The SHA-256 of everything that decides the bytes of the output."""
    shardmill: str
    """The version of Shardmill."""
    model: str = ""
    """The checkpoint with its commit, and the adapter with its own; empty without a model."""
    prompts: Mapping[str, str] = {}
    """The prompt of each task; `{field}` stands for a field of the sample.

    The prompt of a task is empty if it has more of the sample, such as a box.
    """
    filters: Mapping[str, FilterVersion] = {}
    """The version of each filter, by its name in rows, those of `filters_from` included."""

    @classmethod
    def from_column(cls, value: object) -> Self:
        """Read the value of the column `provenance`; raise ValueError if it is no such value."""
        if not isinstance(value, Mapping) or {*value} != {*cls.model_fields}:
            raise ValueError("is no struct with the fields of provenance")
        if any(not isinstance(text, str) or len(text) > _LARGEST for text in value.values()):
            raise ValueError("has fields that are no texts, or are too long")
        parsed = {name: parse_json(value[name].encode()) for name in ("prompts", "filters")}
        return cls.model_validate({**value, **parsed})

    def as_column(self) -> dict[str, str]:
        """Return the value of the column `provenance`."""
        filters = {
            name: each.model_dump(mode="json", exclude_defaults=True)
            for name, each in self.filters.items()
        }
        return {
            "fingerprint": self.fingerprint,
            "shardmill": self.shardmill,
            "model": self.model,
            "prompts": json.dumps(dict(self.prompts), ensure_ascii=False),
            "filters": json.dumps(filters, ensure_ascii=False),
        }


def provenance_of(record: Mapping[str, Any]) -> Provenance:
    """Return the provenance of the rows of a job, from the content of its job.record."""
    resolved = record["resolved"]
    checkpoint = resolved.get("checkpoint")
    models = [each for each in (checkpoint, (checkpoint or {}).get("adapter")) if each]
    prompts = resolved.get("prompts") or {}
    return Provenance(
        fingerprint=fingerprint_of(record),
        shardmill=resolved["packages"].get("shardmill", ""),
        model=" with adapter ".join(map(pinned_name, models)),
        prompts={task: prompts.get(task, "") for task in record["tasks"]},
        filters={name: _version(name, each, record) for name, each in filter_records(record)},
    )


def filter_records(record: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    """Return each filter by its name in rows, as a record has it; also those of `filters_from`."""
    ran = EarlierOutput.from_record(record).ran
    return list(zip(unique_names([str(each["kind"]) for each in ran]), ran, strict=True))


def pinned_name(model: Mapping[str, Any]) -> str:
    """Return the name of a resolved model with its version; the path of a folder is left out."""
    is_folder = model["local"] or is_url(model["source"])
    return f"{'a folder' if is_folder else model['source']}@{model['version']}"


def _version(name: str, stage: Mapping[str, Any], record: Mapping[str, Any]) -> FilterVersion:
    resolved = record["resolved"]
    earlier = (resolved.get("filters_from") or {}).get("rules", {})
    texts = set(_texts(stage))
    models, files = resolved.get("models", {}), resolved.get("files", {})
    return FilterVersion(
        rules=resolved.get("rules", {}).get(name) or earlier.get(name, ""),
        models=tuple(
            pinned_name(model)
            for reference, model in models.items()
            if reference.rpartition("@")[0] in texts
        ),
        files=tuple(digest for path, digest in files.items() if path in texts),
    )


def _texts(value: object) -> Iterator[str]:
    """Yield all texts in a value of a record."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, (list, tuple)):
        for each in value:
            yield from _texts(each)
