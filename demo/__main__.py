"""Runs the demo: shards drawn, the job run over them, and its answers shown."""

import shutil
import subprocess
import sys
from pathlib import Path

from rich.console import Console

from demo.scenes import scenes
from pipelines.display.contact_sheet import contact_sheet
from pipelines.display.row_panel import row_panel
from pipelines.operations.inspect import select
from shardmill import Job

JOB = Path("demo/job.yaml")
FOLDER = Path("demo/output")  # all of the demo's files; made anew by every run
SHARDS, SAMPLES, SEED = 4, 64, 0
ON_THE_SHEET = 12
IN_THE_TERMINAL = 3

QUERY = """\
{python} -c "import duckdb
duckdb.sql(\\"SELECT status, reason, count(*) AS samples, any_value(caption) AS a_caption \
FROM '{output}/*.parquet' GROUP BY ALL ORDER BY ALL\\").show()\""""


def main() -> None:
    """Everything from an empty folder to answers on the screen."""
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
    """Some rows as panels, more on a contact sheet, and how to look further."""
    kept, dropped = select(output, IN_THE_TERMINAL, "kept"), select(output, 1, "dropped")
    for shown in kept + dropped:
        console.print(row_panel(shown.row))
    picture = FOLDER / "sheet.png"
    contact_sheet(select(output, ON_THE_SHEET)).save(picture)
    query = QUERY.format(python=_relative(sys.executable), output=output)
    console.print(f"\nOutput:  {output}/*.parquet\nPicture: {picture}")
    console.print(f"Ask DuckDB (paste both lines):\n\n{query}", soft_wrap=True)


def _relative(path: str) -> str:
    """The path as it is written from here, where it lies below."""
    here = Path.cwd()
    return str(Path(path).relative_to(here)) if Path(path).is_relative_to(here) else path


if __name__ == "__main__":
    main()
