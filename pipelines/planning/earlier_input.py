"""Compares what a job reads of its samples with what the filters of an earlier output judged."""

import json
from collections.abc import Mapping
from typing import Any

from pipelines.config.field_source import FieldSource
from pipelines.config.job import Job
from pipelines.output.output import Output
from schemas.errors import JobError

_MOST_QUOTED = 500  # characters of a value


def check_earlier_input(job: Job, earlier: Output) -> None:
    """Raise JobError if the job reads texts or images that the earlier filters have not judged."""
    before = earlier.record["input"]
    root = earlier.layout.root
    for field in ("text", "key"):
        source = getattr(job.input, field)
        if source is not None and source != before.get(field):
            raise JobError(
                f"input.{field}: {source} was not read so by {root}, whose filters have not seen "
                "it: leave it out" + (" (null)" if field == "text" else "")
            )
    carried = _recorded_sources(before["carry"])
    types = earlier.record["resolved"].get("carried_types", {})
    for column, source in job.input.carried().items():
        if carried.get(column) != source:
            raise JobError(
                f"input.carry: {source} was not read so by {root}, whose filters have not seen it "
                f"as the column {column}: leave it out"
            )
        kind = job.input.carried_types().get(column)
        if kind is not None and kind != (known := types.get(column, "string")):
            raise JobError(
                f"input.carry: {source} was not read so by {root}, where the type of {column} is "
                f"{known}: write the same type, or none"
            )
    if job.decisions:
        _check_same_fields(job, carried, before, root)
    images = job.input.images
    named = list(images) if isinstance(images, tuple) else images
    if named != before.get("images"):
        raise JobError(
            f"input.images: {earlier.layout.root} judged other images of its samples: name the same"
        )
    if (job.input.video is None) != (before.get("video") is None):
        judged = "images" if before.get("video") is None else "videos"
        raise JobError(
            f"input.video: {earlier.layout.root} judged its samples as {judged}: do the same here"
        )
    if job.input.image != before["image"]:
        raise JobError(
            f"input.image: {earlier.layout.root} judged the images of "
            f"{before['image'] or 'the column found'}: name the same"
        )


def _check_same_fields(
    job: Job, carried: Mapping[str, str], before: Mapping[str, Any], root: str
) -> None:
    """Raise JobError if the job reads fewer fields than the person saw who decided."""
    for name, own, recorded in (
        ("text", job.input.text, before["text"]),
        ("key", job.input.key, before.get("key")),
        ("carry", job.input.carried(), carried),
    ):
        if own != recorded:
            raise JobError(
                f"input.{name}: differs from the one of {root}: decisions are about whole samples, "
                f"and their filters judge all texts: write {name}: {_as_yaml(recorded)}"
            )


def _as_yaml(value: object) -> str:
    """Write a text, a mapping or None on one line, as YAML reads it; a long value is cut."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _MOST_QUOTED else f"{text[:_MOST_QUOTED]}…"


def _recorded_sources(carry: Any) -> dict[str, str]:
    """Return column name -> source of the carried columns of a record."""
    if not isinstance(carry, Mapping):
        return {FieldSource.parse(source).column: source for source in carry}
    return {name: each if isinstance(each, str) else each["source"] for name, each in carry.items()}
