"""Runs the demo: draws shards, runs the job on them, and shows the results."""

import shutil
import subprocess
import sys
from pathlib import Path

from rich.console import Console

from demo.evaluation.true_answers import results_table, write_true_answers
from demo.scenes import scenes
from pipelines.display.contact_sheet import contact_sheet
from pipelines.display.row_panel import row_panel
from pipelines.operations.card import write_card
from pipelines.operations.inspect import RowChoice, select
from shardmill import Job

JOB = Path("demo/job.yaml")
FOLDER = Path("demo/output")  # all files of the demo; every run creates it anew
TRUTH = FOLDER / "truth.jsonl"
SHARDS, SAMPLES, SEED = 4, 64, 0
SHEET_ROWS = 12
PANEL_ROWS = 3

QUERY = """\
{python} -c "import duckdb
duckdb.sql(\\"SELECT status, reason, count(*) AS samples, any_value(caption) AS a_caption \
FROM '{output}/*.parquet' GROUP BY ALL ORDER BY ALL\\").show()\""""


def main() -> None:
    """Run the demo from an empty folder to results on the screen."""
    console = Console(markup=False, highlight=False)
    shutil.rmtree(FOLDER, ignore_errors=True)
    console.print(f"Drawing {SHARDS} shards of {SAMPLES} scenes", style="bold")
    shards = scenes.write_shards(FOLDER / "shards", SHARDS, SAMPLES, SEED)
    write_true_answers(shards, TRUTH)
    _command("Running the job", "run", JOB, console=console)
    output = Job.load(JOB).output
    results = results_table(output, TRUTH)
    _show(output, console)
    console.print("\nAnswers by the true ones, as shardmill evaluate scores them", style="bold")
    console.print(results)
    small = f"{FOLDER}/nf4"
    in_four_bits = ("run", JOB, "--output", small, "--set", "model.precision=nf4")
    _command("\nRunning the job in four bits", *in_four_bits, console=console, quiet=True)
    of_boxes = ("--task", "objects", "--truth", TRUTH, "--metrics", "box_f1", "--against", small)
    _command("Comparing both", "evaluate", output, *of_boxes, console=console)
    report = ("report", output, "--to", FOLDER / "report.html")
    _command("\nWriting a page about the output", *report, console=console)


def _command(title: str, *words: object, console: Console, quiet: bool = False) -> None:
    """Run a command of shardmill, and exit with its code if it fails; quiet: show only errors."""
    arguments = [str(word) for word in words]
    console.print(f"{title}: shardmill {' '.join(arguments)}", style="bold", soft_wrap=True)
    command = [sys.executable, "-m", "shardmill", *arguments]
    ended = subprocess.run(command, check=False, capture_output=quiet)
    if ended.returncode:
        sys.stderr.buffer.write(ended.stderr or b"")
        sys.exit(ended.returncode)


def _show(output: str, console: Console) -> None:
    """Print rows as panels, save a contact sheet and the card, and print a query for DuckDB."""
    kept = select(output, PANEL_ROWS, RowChoice(status="kept"))
    dropped = select(output, 1, RowChoice(status="dropped"))
    for row_image in kept + dropped:
        console.print(row_panel(row_image.row))
    sheet_file = FOLDER / "sheet.png"
    contact_sheet(select(output, SHEET_ROWS)).save(sheet_file)
    query = QUERY.format(python=_relative(sys.executable), output=output)
    card = write_card(output, f"{FOLDER}/card")
    console.print(f"\nOutput:  {output}/*.parquet\nPicture: {sheet_file}")
    console.print(f"Card:    {_relative(card.files[0])}, with datasheet and Croissant beside it")
    console.print(f"Ask DuckDB (paste both lines):\n\n{query}", soft_wrap=True)


def _relative(path: str) -> str:
    """The path relative to the working directory if it lies below it."""
    folder = Path.cwd()
    return str(Path(path).relative_to(folder)) if Path(path).is_relative_to(folder) else path


if __name__ == "__main__":
    main()
