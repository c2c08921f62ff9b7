"""The fingerprint of a job: SHA-256 of everything that decides the bytes of its output's files.

A corpus, a list or a model may lie at any place: the fingerprint holds neither the patterns of the
shards nor paths. Instead of the path of a file or of a model's folder, it holds the digest of its
content. It has no settings that say how a service is reached. The manifest says which shards an
output has, and rows name shards below their root.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from filters.services.service_filter import deciding_settings
from schemas.models import is_url

NOT_IN_FINGERPRINT = (
    "name",
    "output",
    "max_error_rate",
    "runner",
    "storage",
    "filters_from",
    "manifest",
    "begun",
    "forgets",
    "extend",
    "metrics",
    "canary",
    "drift",
    "evaluations",
)

NOTES = ("shards", "terms", "longest_trained", "prompts")  # of `resolved`; they decide no bytes


def fingerprint_of(record: Mapping[str, Any]) -> str:
    """Return the fingerprint of the job of a record, which is the content of job.record."""
    content = {key: value for key, value in record.items() if key not in NOT_IN_FINGERPRINT}
    content["filters"] = [deciding_settings(each) for each in record["filters"]]
    content["input"] = {key: value for key, value in record["input"].items() if key != "shards"}
    resolved = {key: value for key, value in record["resolved"].items() if key not in NOTES}
    if earlier := resolved.get("filters_from"):
        resolved["filters_from"] = earlier["fingerprint"]  # which decides all else about it
    content["resolved"] = resolved
    # Keys are not sorted: the order of the tasks decides the order of columns and prompts.
    without_places = replace_places(content, contents_by_place(record))
    return hashlib.sha256(json.dumps(without_places).encode()).hexdigest()


def contents_by_place(record: Mapping[str, Any]) -> dict[str, str]:
    """Return place -> digest of the content, for the files and models in folders of a record.

    A place is the path of a file, or a model's folder: as the job names it, with `@` and its
    revision, and as an absolute path or URL.
    """
    model, resolved = record.get("model") or {}, record["resolved"]
    digests = dict(resolved.get("files", {}))
    for reference, pinned in resolved.get("models", {}).items():
        if _is_folder(pinned):
            names = (reference, reference.rpartition("@")[0], pinned["source"])
            digests |= dict.fromkeys(names, pinned["version"])
    checkpoint = resolved.get("checkpoint") or {}
    for key, pinned in (("checkpoint", checkpoint), ("adapter", checkpoint.get("adapter"))):
        if pinned and _is_folder(pinned):
            digests |= dict.fromkeys((model[key], pinned["source"]), pinned["version"])
    return digests


def _is_folder(pinned: Mapping[str, Any]) -> bool:
    """Return whether a model of a record lies in a folder, and not on the hub."""
    return bool(pinned["local"]) or is_url(pinned.get("source", ""))


def replace_places(record: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """Return a record in which places of files and models are replaced by other names."""

    def replace(value: Any) -> Any:
        if isinstance(value, Mapping):
            return {names.get(key, key): replace(inner) for key, inner in value.items()}
        if isinstance(value, (list, tuple)):
            return [replace(inner) for inner in value]
        return names.get(value, value) if isinstance(value, str) else value

    sections = ("filters", "decisions", "tasks", "model", "resolved")
    return {key: replace(each) if key in sections else each for key, each in record.items()}
