"""Runs the demo: draws shards, runs the job on them, and shows the results."""

import shutil
import subprocess
import sys
from pathlib import Path

from rich.console import Console

from demo.scenes import scenes
from pipelines.display.contact_sheet import contact_sheet
from pipelines.display.row_panel import row_panel
from pipelines.operations.inspect import RowChoice, select
from shardmill import Job

JOB = Path("demo/job.yaml")
FOLDER = Path("demo/output")  # all files of the demo; every run creates it anew
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
    scenes.write_shards(FOLDER / "shards", SHARDS, SAMPLES, SEED)
    console.print(f"Running the job: shardmill run {JOB}", style="bold")
    if code := subprocess.run(
        [sys.executable, "-m", "shardmill", "run", JOB], check=False
    ).returncode:
        sys.exit(code)
    _show(Job.load(JOB).output, console)


def _show(output: str, console: Console) -> None:
    """Print rows as panels, save more as a contact sheet, and print a query for DuckDB."""
    kept = select(output, PANEL_ROWS, RowChoice(status="kept"))
    dropped = select(output, 1, RowChoice(status="dropped"))
    for row_image in kept + dropped:
        console.print(row_panel(row_image.row))
    sheet_file = FOLDER / "sheet.png"
    contact_sheet(select(output, SHEET_ROWS)).save(sheet_file)
    query = QUERY.format(python=_relative(sys.executable), output=output)
    console.print(f"\nOutput:  {output}/*.parquet\nPicture: {sheet_file}")
    console.print(f"Ask DuckDB (paste both lines):\n\n{query}", soft_wrap=True)


def _relative(path: str) -> str:
    """The path relative to the working directory if it lies below it."""
    folder = Path.cwd()
    return str(Path(path).relative_to(folder)) if Path(path).is_relative_to(folder) else path


if __name__ == "__main__":
    main()
