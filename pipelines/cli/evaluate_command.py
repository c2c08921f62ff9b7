"""The command that scores an output by references or by another output: evaluate."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.cli.evaluate_safety import evaluate_safety
from pipelines.cli.options import (
    ForceOption,
    JsonOption,
    OutputArgument,
    StorageOption,
    check_folder_exists,
    file_to_write,
    storage_of,
)
from pipelines.cli.printing import STDOUT, inform, inform_left_out, print_json, print_lines
from pipelines.cli.progress import sample_bar, step_spinner
from schemas.errors import JobError

if TYPE_CHECKING:
    from pipelines.operations.evaluate import Evaluated

_THRESHOLD = 0.8  # of the cards of PaliGemma


def evaluate(
    output: OutputArgument,
    *,
    task: Annotated[
        str | None, typer.Option(metavar="TASK", help="The task to judge; default: the only one.")
    ] = None,
    truth: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN|PATTERN",
            help="The references: a carried column, or .parquet or .jsonl files.",
        ),
    ] = None,
    truth_column: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="The column of references in files; default: the task's name, else truth.",
        ),
    ] = None,
    metrics: Annotated[
        str,
        typer.Option(
            metavar="NAME,...",
            help="The metrics, such as cider,bleu4; without it, the fitting ones are listed.",
        ),
    ] = "",
    by: Annotated[
        str | None,
        typer.Option(metavar="COLUMN", help="Also score the samples of each value of a column."),
    ] = None,
    safety: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FILTER",
            help="Count answers that this filter scores at the threshold; repeatable.",
        ),
    ] = None,
    threshold: Annotated[
        float | None,
        typer.Option(
            min=0, max=1, help="With --safety: the lowest score that counts; default: 0.8."
        ),
    ] = None,
    against: Annotated[
        str | None,
        typer.Option(metavar="OUTPUT", help="Compare with the answers of another output, by key."),
    ] = None,
    entailment: Annotated[
        str | None,
        typer.Option(
            metavar="MODEL", help="For non_entailed: a classifier of pairs, or YAML with its label."
        ),
    ] = None,
    worst: Annotated[
        int, typer.Option(min=0, max=1000, help="How many of the worst samples to show.")
    ] = 0,
    page: Annotated[
        Path | None,
        typer.Option(
            "--to",
            metavar="HTML",
            help="With --worst: a page that shows these samples with pictures.",
        ),
    ] = None,
    force: ForceOption = False,
    name: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Store the result by this name; default: the task's."),
    ] = None,
    markdown: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Write the table in Markdown; - prints it instead."),
    ] = None,
    benchmark: Annotated[
        str | None,
        typer.Option(
            metavar="NAME[:SPLIT]",
            help="With --markdown: add the published figures of this benchmark.",
        ),
    ] = None,
    storage: StorageOption = None,
    as_json: JsonOption = False,
) -> None:
    """Score the answers of kept samples by references, or compare two outputs.

    Example: shardmill evaluate OUTPUT --truth captions --metrics cider,bleu4 --worst 20

    References lie in a column that the job carried, or in files with the columns `key` and `truth`.
    With --against, the difference of each metric is tested on the samples of both outputs; without
    --truth, only the share of changed answers is counted. With --safety, scores of filters are
    counted instead, and --by takes several columns of subgroups. The result is also stored in
    OUTPUT/_shardmill/evaluations.
    """
    if markdown is not None and markdown != "-":
        check_folder_exists(Path(markdown))
    if safety:
        others: dict[str, object] = {"truth": truth, "truth-column": truth_column}
        others |= {"metrics": metrics, "against": against, "entailment": entailment}
        others |= {"worst": worst, "to": page, "force": force, "benchmark": benchmark}
        if named := [f"--{option}" for option, value in others.items() if value]:
            raise JobError(f"--safety: takes no {named[0]}: leave it out")
        from pipelines.operations.evaluating.evaluate_safety import AskedSafety

        asked_safety = AskedSafety(
            filters=safety,
            task=task,
            by=_split(by or ""),
            threshold=_THRESHOLD if threshold is None else threshold,
            name=name,
        )
        evaluate_safety(output, asked_safety, storage, markdown=markdown, as_json=as_json)
        return
    if threshold is not None:
        raise JobError("--threshold: is for --safety: add --safety FILTER, or leave it out")
    from pipelines.cli.entailment_option import read_entailment
    from pipelines.display.result_card import result_card
    from pipelines.evaluation.published import check_benchmark
    from pipelines.operations.evaluate import Asked
    from pipelines.operations.evaluate import evaluate as judge

    if benchmark is not None and markdown is None:
        raise JobError("--benchmark: is for --markdown: add --markdown FILE")
    if benchmark is not None:
        check_benchmark(benchmark)
    if page is not None and not worst:
        raise JobError("--to: the page shows the worst samples: add --worst N")
    file = None if page is None else file_to_write(page, force)
    asked = Asked(
        task=task,
        truth=truth,
        truth_column=truth_column,
        metrics=_split(metrics),
        by=by,
        against=against,
        worst=worst,
        name=name,
        entailment=None if entailment is None else read_entailment(entailment),
    )
    with step_spinner("reading") as on_step:
        found = judge(
            output,
            asked,
            storage_of(storage),
            on_step,
        )
    inform(*found.waiting)
    if file is not None:
        _write_page(output, found, file, storage)
    if markdown is not None:
        card = result_card(found.result, found.checkpoint, benchmark)
        if markdown == "-":
            typer.echo(card, nl=False)
            return
        Path(markdown).write_text(card, encoding="utf-8")
    if as_json:
        bad = [asdict(each) for each in found.worst]
        print_json({**found.result.model_dump(mode="json"), "file": found.file, "worst": bad})
        return
    _print_tables(found)
    inform(f"The evaluation is in {found.file}")


def _split(names: str) -> list[str]:
    return [each.strip() for each in names.split(",") if each.strip()]


def _print_tables(found: "Evaluated") -> None:
    from pipelines.display.evaluate import (
        comparisons_table,
        evaluation_notes,
        values_table,
        worst_table,
    )

    if found.result.values:
        STDOUT.print(values_table(found.result))
    if found.result.comparisons:
        STDOUT.print(comparisons_table(found.result))
    if found.worst:
        STDOUT.print(worst_table(found.worst))
    print_lines(*evaluation_notes(found.result))


def _write_page(output: str, found: "Evaluated", file: Path, storage: str | None) -> None:
    """Write the page of the worst samples, and say which are left out."""
    from pipelines.operations.evaluating.worst_page import write_worst_page
    from schemas.counted import counted

    written = write_worst_page(
        output,
        found,
        file,
        storage_of(storage),
        progress=sample_bar(),
    )
    inform_left_out(written.left_out)
    if not written.samples:
        raise JobError("--to: none of these samples can be shown, so no page is written")
    inform(f"{file}: {counted(written.samples, 'sample')}")
