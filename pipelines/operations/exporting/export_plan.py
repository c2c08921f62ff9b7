"""Checks what an export is asked for, against the output that is exported."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256

import numpy as np
import pyarrow as pa

from pipelines.config.carried_field import CarriedField
from pipelines.config.field_source import FILE
from pipelines.config.input import Input
from pipelines.exports.export_file import Contents, Pictures
from pipelines.exports.formats import FORMATS
from pipelines.exports.request import ExportRequest
from pipelines.exports.splits import Splits
from pipelines.exports.target import Source
from pipelines.operations.exporting.export_rows import RowSelection
from pipelines.operations.stored_samples.recorded_job import recorded_input
from pipelines.output.fingerprint import fingerprint_of
from pipelines.output.output import Output
from pipelines.output.stored_schema import stored_schema
from pipelines.planning.provenance import provenance_of
from pipelines.storage.paths import absolute, refuse_file, refuse_unwritable
from pipelines.storage.urls import check_url
from schemas.errors import JobError


@dataclass(frozen=True, slots=True)
class ExportPlan:
    """What is exported."""

    selection: RowSelection
    contents: Contents
    splits: Splits
    source: Source


def plan_export(output: Output, request: ExportRequest) -> ExportPlan:
    """Plan an export; raise JobError if the output has no such rows, columns or values."""
    splits = Splits.parse(request.split)
    if (schema := stored_schema(output)) is None:
        raise JobError(f"{output.layout.root}: has no rows yet: run its job first")
    export_format = FORMATS[request.format]
    has_images = export_format.takes_images and request.images
    given, fingerprint = recorded_input(output), fingerprint_of(output.record)
    file_column = _file_column(given)
    selection = RowSelection.of(
        schema,
        output.layout.root,
        where=request.where,
        columns=request.columns,
        only_kept=has_images or export_format.only_kept,
        also=(*export_format.reads, *([file_column] if file_column else [])),
    )
    contents = Contents(
        pa.schema([schema.field(name) for name in selection.columns]),
        tasks={name: task["kind"] for name, task in (output.record.get("tasks") or {}).items()},
        pictures=_pictures(given) if has_images else "none",
        image_names=given.images if isinstance(given.images, tuple) else (),
        file_column=file_column,
        source=fingerprint,
        provenance=provenance_of(output.record).model_dump_json(),
    )
    return ExportPlan(selection, contents, splits, Source(fingerprint, _files_digest(output)))


def target_root(folder: str, output: Output) -> str:
    """Return the absolute path of the target; raise JobError if it cannot be one."""
    check_url(folder)
    root, source = absolute(folder), output.layout.root
    if f"{root}/".startswith(f"{source}/") or f"{source}/".startswith(f"{root}/"):
        raise JobError(f"{folder}: an export lies beside its output: name a folder outside of it")
    refuse_file(root, f"{folder}:")
    if not os.path.exists(root):
        refuse_unwritable(root, f"{folder}:")
    return root


def _pictures(given: Input) -> Pictures:
    if given.video is not None:
        return "video"
    return "image" if given.images is None else "images"


def _file_column(given: Input) -> str | None:
    """Return the carried column with the names of image files; None if there is none."""
    if not isinstance(given.carry, Mapping):
        return None
    for name, carried in given.carry.items():
        if (carried.source if isinstance(carried, CarriedField) else carried) == FILE:
            return name
    return None


def _files_digest(output: Output) -> str:
    """Return a digest of the committed files, which changes with them."""
    names, stamps = output.listing.units.names, output.listing.stamps
    digest = sha256()
    for position in np.flatnonzero(output.listing.has_files()).tolist():
        files = output.listing.progress_at(position).files
        line = f"{names[position].as_py()}\0{len(files)}\0{int(stamps[position])}\n"
        digest.update(line.encode())
    return digest.hexdigest()
