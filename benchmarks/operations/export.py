"""Measures `shardmill export` on a made-up output.

    python -m benchmarks.operations.export --rows 1000000 --to jsonl folder
    python -m benchmarks.operations.export --rows 20000 --image-bytes 100000 --to webdataset folder

The output has rows of a text of 200 characters, two scores and a digest. With `--image-bytes`, its
shards hold as many random bytes for each image; without, they are empty, and no format with images
can be measured. A process of its own runs the export, and prints seconds, CPU-seconds, the bytes
written, and the peak of resident memory. An output that is there already is used again.
"""

import io
import json
import shutil
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Annotated

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import typer

from inference.benchmarking.peak_memory import peak_memory
from pipelines.exports.request import ExportRequest
from pipelines.operations.export import export
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
from shardmill import Job

_SHARDS = 10
_ROW_GROUP = 2048  # rows, as in an output


def image(shard: int, index: int, size: int) -> bytes:
    """Return random bytes in the place of an image."""
    return np.random.default_rng([shard, index]).bytes(size)


def write_output(folder: Path, rows: int, image_bytes: int) -> Path:
    """Write an output with kept rows, and its shards."""
    shards, output = folder / "shards", folder / "output"
    shards.mkdir(parents=True)
    per_shard = rows // _SHARDS
    for shard in range(_SHARDS):
        with tarfile.open(shards / f"{shard:05d}.tar", "w") as tar:
            for index in range(per_shard if image_bytes else 1):
                member = tarfile.TarInfo(f"{index:08d}.jpg")
                member.size = image_bytes
                tar.addfile(member, io.BytesIO(image(shard, index, image_bytes)))
    job = Job.model_validate(
        {
            "name": "made-up",
            "input": {"shards": f"{shards}/*.tar", "text": None, "carry": {"caption": "txt"}},
            "filters": [{"kind": "image_size", "min_side": 64}],
            "output": str(output),
        }
    )
    storage = LocalStorage()
    planned = plan(job, storage)
    begin_output(planned, storage)
    for shard, unit in enumerate(planned.units):
        footer = {
            FOOTER_VERSION: SCHEMA_VERSION,
            FOOTER_FINGERPRINT: planned.work.fingerprint,
            FOOTER_UNIT: unit.name,
            FOOTER_COUNTS: json.dumps(Counts(read=per_shard, kept=per_shard).model_dump()),
        }
        schema = planned.work.output_schema
        path = output / whole_file(unit.name)
        with pq.ParquetWriter(path, schema, compression="zstd") as writer:
            for start in range(0, per_shard, _ROW_GROUP):
                indices = range(start, min(start + _ROW_GROUP, per_shard))
                made = [row(shard, unit.shard, index, image_bytes) for index in indices]
                writer.write_table(pa.Table.from_pylist(made, schema))
            writer.add_key_value_metadata(footer)
    return output


def row(shard: int, name: str, index: int, image_bytes: int) -> dict[str, object]:
    """Return a kept row."""
    content = image(shard, index, image_bytes) if image_bytes else f"{shard} {index}".encode()
    scores = {"image_size.aspect": 4 / 3, "image_size.short_side": 480.0}
    return {
        "shard": name,
        "index": index,
        "key": f"{index:08d}",
        "status": "kept",
        "scores": [{"name": each, "value": value} for each, value in scores.items()],
        "redactions": [],
        "width": 640,
        "height": 480,
        "num_frames": 1,
        "sha256": sha256(content).hexdigest(),
        "caption": f"{sha256(content).hexdigest()} a picture of things ".ljust(200, "."),
    }


def measure(folder: Path, to: str, shuffle: int | None) -> None:
    """Export the output in this process."""

    @contextmanager
    def no_progress(_: int) -> Iterator[object]:
        yield lambda _: None

    target = folder / f"to-{to}"
    shutil.rmtree(target, ignore_errors=True)
    before = peak_memory() >> 20
    started, cpu = time.perf_counter(), time.process_time()
    has_images = (folder / "shards/00000.tar").stat().st_size > 1 << 20
    request = ExportRequest(format=to, shuffle=shuffle, images=has_images)
    export(str(folder / "output"), str(target), request, progress=no_progress)  # type: ignore[arg-type]
    seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
    peak = peak_memory() >> 20
    size = sum(file.stat().st_size for file in target.rglob("*") if file.is_file()) / 1e6
    print(
        f"{to}: {size:.0f} MB in {seconds:.0f} s, {cpu:.0f} CPU-seconds, "
        f"{peak} MiB at the peak ({before} MiB before)",
        flush=True,
    )


def main(
    folder: Path,
    *,
    to: Annotated[str, typer.Option(help="The format.")] = "jsonl",
    rows: int = 1_000_000,
    image_bytes: int = 0,
    shuffle: int | None = None,
    measured: Annotated[bool, typer.Option("--measured", hidden=True)] = False,
) -> None:
    """Export a made-up output, and print what it cost."""
    if measured:
        measure(folder, to, shuffle)
        return
    if not (folder / "output").exists():
        write_output(folder, rows, image_bytes)
    seeded = [f"--shuffle={shuffle}"] if shuffle is not None else []
    command = [sys.executable, "-m", "benchmarks.operations.export", str(folder), f"--to={to}"]
    subprocess.run([*command, *seeded, "--measured"], check=True)


if __name__ == "__main__":
    typer.run(main)
