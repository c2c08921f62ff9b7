"""The command `explain`, which describes the keys of the job file."""

from typing import Annotated

import typer

from pipelines.cli.printing import STDOUT


def explain(
    key: Annotated[
        str | None,
        typer.Argument(metavar="[KEY]", help="Such as model.block_size, filters or min_side."),
    ] = None,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="Print all keys as a page in Markdown.")
    ] = False,
) -> None:
    """Explain a key of the job file: its type, default, allowed values and meaning.

    Without a key, the keys of the first level are listed.
    """
    from pipelines.config.reference import look_up, sections
    from pipelines.display.reference import explanation, reference_page

    if markdown:
        typer.echo(reference_page(), nl=False)
        return
    STDOUT.print(explanation(look_up(key) if key else sections()[:1]))
    if not key:
        STDOUT.print("\nshardmill explain KEY says more, such as: shardmill explain filters")
