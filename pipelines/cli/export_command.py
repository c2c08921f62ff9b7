"""The command that hands an output on in another format: export."""

from enum import StrEnum
from typing import Annotated

import typer

from pipelines.cli.options import JsonOption, OutputArgument, StorageOption, storage_of
from pipelines.cli.printing import inform, print_json
from pipelines.cli.progress import sample_bar


class Format(StrEnum):
    """The formats of exports: an enum, because typer takes no literals here."""

    webdataset = "webdataset"
    huggingface = "huggingface"
    coco = "coco"
    jsonl = "jsonl"
    csv = "csv"
    lance = "lance"


def export(
    output: OutputArgument,
    folder: Annotated[
        str, typer.Argument(metavar="FOLDER", help="The folder to write to, or its URL.")
    ],
    *,
    to: Annotated[
        Format,
        typer.Option(
            "--to",
            help="The format. A spreadsheet may run texts of csv that begin with =, +, - or @.",
        ),
    ],
    where: Annotated[
        str | None,
        typer.Option(
            metavar="CONDITION",
            help='Only rows that fulfill it, as in SQL: "width > 512". Kept samples only, unless '
            "it names status.",
        ),
    ] = None,
    columns: Annotated[
        str | None,
        typer.Option(metavar="NAME,...", help="Only these columns, in this order; default: all."),
    ] = None,
    split: Annotated[
        str | None,
        typer.Option(
            metavar="NAME=SHARE,...",
            help="Divide rows by a hash of their keys: train=0.9,test=0.1.",
        ),
    ] = None,
    shuffle: Annotated[
        int | None,
        typer.Option(min=0, metavar="SEED", help="Shuffle shards, and rows within 20,000 rows."),
    ] = None,
    without_images: Annotated[
        bool, typer.Option("--without-images", help="Export texts and answers alone.")
    ] = False,
    rows_per_file: Annotated[
        int | None, typer.Option(min=1, metavar="ROWS", help="The most rows of a file.")
    ] = None,
    bytes_per_file: Annotated[
        str | None,
        typer.Option(
            metavar="SIZE", help="Begin another file after so many bytes of values: 500MB."
        ),
    ] = None,
    storage: StorageOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write an output in another format, with the original images where the format has them.

    Formats: webdataset (tars), huggingface (Parquet that load_dataset shows with pictures), coco
    (objects with boxes and masks), jsonl, csv, and lance, which needs the extra lance.

    Example: shardmill export OUTPUT FOLDER --to webdataset --where "width > 512"

    Texts are those of the output, redacted where a filter redacted them. Images are read again
    from the shards, byte by byte, and only those of kept samples. An export that was interrupted
    goes on when the same command runs again.
    """
    from pipelines.exports.request import ExportRequest, parse_size
    from pipelines.operations.export import export as write_export
    from schemas.counted import counted

    request = ExportRequest(
        format=to.value,
        where=where,
        columns=tuple(each.strip() for each in columns.split(",")) if columns is not None else None,
        shuffle=shuffle,
        split=split,
        rows_per_file=rows_per_file,
        bytes_per_file=parse_size(bytes_per_file),
        images=not without_images,
    )
    exported = write_export(
        output,
        folder,
        request,
        storage_of(storage),
        progress=sample_bar(),
    )
    if exported.uncommitted:
        units = counted(exported.units, "unit")
        inform(f"{exported.uncommitted} of {units} have no rows yet: they are not exported")
    if as_json:
        print_json(exported._asdict())
        return
    if exported.was_complete:
        inform(f"{folder}: is complete already, nothing was left to do")
    for name, rows in exported.rows.items():
        files = counted(exported.files[name], "file")
        inform(f"{folder}: {name} has {counted(rows, 'row')} in {files}")
