"""`shardmill.export`: the operation of the same name, for Python programs."""

import os
import re
from collections.abc import Iterable
from functools import partial
from typing import Literal

from pydantic import ValidationError

from pipelines.api.arguments import as_list
from pipelines.config.validation_errors import first_fault
from pipelines.display.sample_progress import show_samples
from pipelines.exports.formats import FORMATS
from pipelines.exports.request import ExportRequest, parse_size
from pipelines.operations.export import Exported
from pipelines.operations.export import export as write_export
from pipelines.storage.storage import Storage
from schemas.errors import JobError

Format = Literal["webdataset", "huggingface", "coco", "jsonl", "csv", "lance"]

_OPTION = re.compile(r"--([a-z]+(?:-[a-z]+)*)")
_ARGUMENTS = {"to": "format", "without-images": "images=False"}


def export(
    output: str | os.PathLike[str],
    *,
    to: str | os.PathLike[str],
    format: Format,
    where: str | None = None,
    columns: Iterable[str] | None = None,
    split: str | None = None,
    shuffle: int | None = None,
    images: bool = True,
    rows_per_file: int | None = None,
    bytes_per_file: int | str | None = None,
    storage: Storage | None = None,
    progress: bool = True,
) -> Exported:
    """Write the rows of an output in another format, with the original images if it has them.

    from shardmill import export
    exported = export("annotated", to="dataset", format="huggingface", where="width >= 512")
    print(exported.rows["train"])

    `to` is the folder to write to, or its URL. `where` is a condition on the columns, as in SQL;
    `columns` are the columns of the export, in their order; `split` divides the rows by a hash of
    their keys, such as `"train=0.9,test=0.1"`; `shuffle` is a seed; without `images`, texts and
    answers are exported alone. A file ends after `rows_per_file` rows, or `bytes_per_file` bytes,
    such as `"500MB"`.

    The result has the rows and files of each split. An export that was interrupted goes on when it
    is called again with the same arguments. Raises JobError if an argument is wrong, if the output
    has no such rows, or if a shard has changed; WorkerFault if this machine fails.
    """
    try:
        request = _request(
            format=format,
            where=where,
            columns=None if columns is None else tuple(as_list(columns, "columns")),
            split=split,
            shuffle=shuffle,
            images=images,
            rows_per_file=rows_per_file,
            bytes_per_file=None if bytes_per_file is None else parse_size(str(bytes_per_file)),
        )
        shown = partial(show_samples, wanted=progress)
        return write_export(os.fspath(output), os.fspath(to), request, storage, progress=shown)
    except JobError as error:
        raise JobError(_OPTION.sub(_argument, str(error))) from None


def _request(**values: object) -> ExportRequest:
    if values["format"] not in FORMATS:
        raise JobError(f"format: {values['format']!r} is unknown: name one of {', '.join(FORMATS)}")
    try:
        return ExportRequest.model_validate(values)
    except ValidationError as error:
        raise JobError(first_fault(error, values, ExportRequest)) from None


def _argument(option: "re.Match[str]") -> str:
    return _ARGUMENTS.get(option[1], option[1].replace("-", "_"))
