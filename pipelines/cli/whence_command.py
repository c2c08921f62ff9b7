"""The command that tells how a row came about: whence."""

from typing import Annotated

import typer

from pipelines.cli.options import JsonOption, StorageOption, storage_of
from pipelines.cli.printing import STDOUT, print_json


def whence(
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="A Parquet file of an output, or a copy of rows.")
    ],
    row: Annotated[
        int, typer.Argument(min=0, metavar="ROW", help="The number of the row in it, from 0.")
    ],
    storage: StorageOption = None,
    as_json: JsonOption = False,
) -> None:
    """Tell how a row came about: shard, job, model commit, prompts, and what each filter decided.

    Example: shardmill whence OUTPUT/00003.parquet 17

    A copy of rows must have the column `provenance`, or be a file that `shardmill export` wrote.
    """
    from pipelines.display.whence import whence_tables
    from pipelines.operations.whence import whence as tell

    result = tell(file, row, storage_of(storage))
    if as_json:
        print_json(result.model_dump(mode="json"))
        return
    for table in whence_tables(result):
        STDOUT.print(table)
