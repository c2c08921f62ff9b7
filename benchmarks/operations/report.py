"""Measures `shardmill report` on an output of a million rows.

    python -m benchmarks.operations.report --rows 1000000 --folder made_up

The demo's job runs on 64 drawn scenes. Its rows, with other scores, are repeated in the files of a
larger output of 10,240 rows each, which have all columns of real ones, for seven tasks and six
filters. Processes of their own then run the whole command, and print seconds, CPU-seconds and the
peak of resident memory. A folder that exists is measured again.
"""

import subprocess
import sys
from pathlib import Path
from typing import Annotated

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import typer

from demo.scenes.scenes import write_shards
from pipelines.output.footers import read_footer
from pipelines.output.layout import whole_file
from pipelines.planning.begin import begin_output
from pipelines.planning.plan import plan
from pipelines.storage.local import LocalStorage
from schemas.report import Counts
from schemas.tables import (
    FOOTER_COUNTS,
    FOOTER_FINGERPRINT,
    FOOTER_UNIT,
    FOOTER_VERSION,
    SCHEMA_VERSION,
)
from shardmill import Job, run

_SCENES = 64
_REPEATED = 160  # times in a file
_ROW_GROUP = 2048  # rows, as in every output
_TURNS = 3
_MEASURED = """
import sys, time
from pathlib import Path
from inference.benchmarking.peak_memory import peak_memory
from pipelines.cli.main import app

folder = Path(sys.argv[1])
page = folder / "report.html"
started, cpu = time.perf_counter(), time.process_time()
app(["report", f"{folder}/output", "--to", str(page), "--force"], standalone_mode=False)
seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
peak = peak_memory() >> 20
size = page.stat().st_size / 1e6
print(f"{seconds:.1f} s, {cpu:.1f} CPU-seconds, {peak} MiB, a page of {size:.2f} MB")
"""


def make_output(folder: Path, rows: int) -> Path:
    """Write an output of at least `rows` rows, and return its folder."""
    write_shards(folder / "first", 1, _SCENES, seed=0)
    first = Job.load("demo/job.yaml", [f"input.shards={folder}/first/*.tar"], f"{folder}/scenes")
    run(first)
    storage = LocalStorage()
    path = f"{folder}/scenes/00000.parquet"
    table, counts = pq.read_table(path), read_footer(storage, path).counts
    shards = folder / "shards"
    shards.mkdir()
    for number in range(-(-rows // (_SCENES * _REPEATED))):
        (shards / f"{number:05d}.tar").hardlink_to(folder / "first/00000.tar")
    job = Job.load("demo/job.yaml", [f"input.shards={shards}/*.tar"], f"{folder}/output")
    planned = plan(job, storage)
    begin_output(planned, storage)
    random = np.random.default_rng(0)
    footer = {
        FOOTER_VERSION: SCHEMA_VERSION,
        FOOTER_FINGERPRINT: planned.work.fingerprint,
        FOOTER_COUNTS: sum([counts] * _REPEATED, Counts()).model_dump_json(),
    }
    for unit in planned.units:
        file = folder / "output" / whole_file(unit.name)
        many = _with_other_scores(pa.concat_tables([table] * _REPEATED), random)
        with pq.ParquetWriter(file, table.schema, compression="zstd") as writer:
            writer.write_table(many, row_group_size=_ROW_GROUP)
            writer.add_key_value_metadata({**footer, FOOTER_UNIT: unit.name})
    return folder / "output"


def _with_other_scores(table: pa.Table, random: np.random.Generator) -> pa.Table:
    """Return the rows with scores that differ from row to row, as those of models do."""
    scores = table["scores"].combine_chunks()
    names, values = pc.list_flatten(scores).flatten()
    changed = values.to_numpy() * random.uniform(0.5, 1, len(values)).astype(np.float32)
    kind = scores.type.value_type
    pairs = pa.StructArray.from_arrays([names, pa.array(changed, pa.float32())], fields=list(kind))
    column = pa.ListArray.from_arrays(scores.offsets, pairs, scores.type)
    index = pa.array(np.arange(len(table)))
    table = table.set_column(table.schema.get_field_index("index"), "index", index)
    return table.set_column(table.schema.get_field_index("scores"), table.field("scores"), column)


def main(
    folder: Annotated[Path, typer.Option(help="Folder for the output.")],
    rows: int = 1_000_000,
) -> None:
    """Make an output, and print what its report costs."""
    if not folder.exists():
        folder.mkdir(parents=True)
        make_output(folder, rows)
    for _ in range(_TURNS):
        subprocess.run([sys.executable, "-c", _MEASURED, folder], check=True)


if __name__ == "__main__":
    typer.run(main)
