"""Measures `shardmill duplicates` on made-up hashes, with planted near ones.

    python -m benchmarks.operations.duplicates --rows 10000000
    python -m benchmarks.operations.duplicates --rows 10000000 --output made_up
    python -m benchmarks.operations.duplicates --rows 1000000 --videos
    python -m benchmarks.operations.duplicates --rows 100000 --clustered

Three tenths of the hashes are copies of others with up to 31 changed bits. The first command groups
the hashes in memory; it prints the shares of planted pairs that are grouped, and of members that
are far from their head (which must be 0). The second one writes an output of a million rows a
shard, and lets a process of its own run the whole command on it: reading, grouping, and writing the
list. The third one groups videos of eight frames, of which three tenths are copies with changed
bits and one other frame, and half begin with one of two title cards. The fourth one groups hashes
of which half are 30 changed bits from one template: close together, and hardly any near another.
All print seconds, CPU-seconds and the peak of resident memory.
"""

import io
import json
import subprocess
import sys
import tarfile
import time
from pathlib import Path
from typing import Annotated, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
import typer

from inference.benchmarking.peak_memory import peak_memory
from pipelines.duplicates.frame_matching import VideoFrames
from pipelines.duplicates.grouping import group_hashes
from pipelines.duplicates.images import to_hexadecimal
from pipelines.duplicates.video_grouping import group_videos
from pipelines.operations.duplicates import find_duplicates
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

_DISTANCE = 31  # bits, as the command's default
_CHANGED = 30  # bits of a clustered hash, in which it differs from the template
_FRAMES = 8  # of a video, as a job samples by default
_PER_SHARD = 1_000_000  # rows
_ROW_GROUP = 1 << 16  # rows

Hashes = npt.NDArray[np.uint64]  # [n, 4]


class MadeUp(NamedTuple):
    """Hashes, and which of them were made from which."""

    hashes: Hashes
    copies: npt.NDArray[np.int64]
    sources: npt.NDArray[np.int64]


def make_hashes(rows: int, seed: int = 0) -> MadeUp:
    """Return random hashes, of which the last three tenths are copies of others."""
    rng = np.random.default_rng(seed)
    hashes = rng.integers(0, 2**64, (rows, 4), np.uint64)
    copies = np.arange(7 * rows // 10, rows)
    sources = rng.integers(0, copies[0], len(copies))
    hashes[copies] = hashes[sources]
    changed = rng.integers(0, _DISTANCE + 1, len(copies))
    for number in range(_DISTANCE):  # a bit that is drawn twice is changed back
        some = copies[changed > number]
        bits = rng.integers(0, 256, len(some))
        hashes[some, bits // 64] ^= np.uint64(1) << (bits % 64).astype(np.uint64)
    return MadeUp(hashes, copies, sources)


def measure_grouping(rows: int) -> None:
    """Group the hashes in memory, and count what was found."""
    hashes, copies, sources = make_hashes(rows)
    started, cpu = time.perf_counter(), time.process_time()
    groups = group_hashes(hashes, _DISTANCE)
    _print_cost(f"grouping of {rows} hashes", started, cpu)
    is_near = np.bitwise_count(hashes[copies] ^ hashes[sources]).sum(axis=1) <= _DISTANCE
    grouped = groups.heads[copies] != copies
    heads = hashes[groups.heads]
    far = (np.bitwise_count(hashes ^ heads).sum(axis=1) > _DISTANCE).sum()
    print(f"planted copies that are members: {grouped[is_near].mean():.6f}; far members: {far}")


def measure_videos(rows: int) -> None:
    """Group made-up videos in memory, and count what was found."""
    made = [make_hashes(rows, seed) for seed in range(_FRAMES)]
    hashes = np.stack([each.hashes for each in made], axis=1)
    copies = made[0].copies
    sources = made[0].sources
    for place in range(1, _FRAMES):  # the frames of a copy are those of one video
        changed = made[place].hashes[copies] ^ made[place].hashes[made[place].sources]
        hashes[copies, place] = hashes[sources, place] ^ changed
    rng = np.random.default_rng(_FRAMES)
    hashes[copies, rng.integers(0, _FRAMES, len(copies))] = rng.integers(
        0, 2**64, (len(copies), 4), np.uint64
    )
    with_card = np.flatnonzero(rng.random(rows) < 0.5)
    hashes[with_card, 0] = hashes[rng.integers(0, 2, len(with_card)), 1]
    frames = VideoFrames(hashes.reshape(-1, 4), np.full(rows, _FRAMES, np.int32))
    del made, hashes
    started, cpu = time.perf_counter(), time.process_time()
    groups = group_videos(frames, _DISTANCE)
    _print_cost(f"grouping of {rows} videos", started, cpu)
    is_match = frames.match(copies.astype(np.int32), sources.astype(np.int32), _DISTANCE).are_enough
    members = groups.heads != np.arange(rows)
    found, others = members[copies[is_match]].mean(), members[: copies[0]].sum()
    print(f"planted copies that are members: {found:.6f}; other members: {others}")


def measure_clustered(rows: int) -> None:
    """Group hashes of which half lie around a template, in memory."""
    rng = np.random.default_rng(0)
    hashes = rng.integers(0, 2**64, (rows, 4), np.uint64)
    hashes[: rows // 2] = hashes[0]
    bits = rng.random((rows // 2, 256), np.float32).argsort(axis=1)[:, :_CHANGED]
    for bit in bits.T:  # of each hash another one
        flips = np.uint64(1) << (bit % 64).astype(np.uint64)
        hashes[np.arange(rows // 2), bit // 64] ^= flips
    hashes = rng.permutation(np.unique(hashes, axis=0))
    started, cpu = time.perf_counter(), time.process_time()
    groups = group_hashes(hashes, _DISTANCE)
    _print_cost(f"grouping of {rows} hashes", started, cpu)
    print(f"heads: {(groups.heads == np.arange(len(hashes))).sum()}")


def write_output(folder: Path, rows: int) -> Path:
    """Write an output whose rows have these hashes; its shards are empty tar files."""
    hashes = make_hashes(rows).hashes
    shards, output = folder / "shards", folder / "output"
    shards.mkdir(parents=True)
    for number in range(-(-rows // _PER_SHARD)):
        with tarfile.open(shards / f"{number:05d}.tar", "w") as tar:
            tar.addfile(tarfile.TarInfo("0.jpg"), io.BytesIO())
    job = Job.model_validate(
        {
            "name": "made-up",
            "input": {"shards": f"{shards}/*.tar", "text": None, "pdq": True},
            "filters": [{"kind": "image_size", "min_side": 64}],
            "output": str(output),
        }
    )
    storage = LocalStorage()
    planned = plan(job, storage)
    begin_output(planned, storage)
    for number, unit in enumerate(planned.units):
        some = hashes[number * _PER_SHARD : (number + 1) * _PER_SHARD]
        counts = Counts(read=len(some), kept=len(some)).model_dump()
        footer = {
            FOOTER_VERSION: SCHEMA_VERSION,
            FOOTER_FINGERPRINT: planned.work.fingerprint,
            FOOTER_UNIT: unit.name,
            FOOTER_COUNTS: json.dumps(counts, sort_keys=True),
        }
        path = output / whole_file(unit.name)
        path.parent.mkdir(parents=True, exist_ok=True)
        schema = planned.work.output_schema
        with pq.ParquetWriter(path, schema, compression="zstd") as writer:
            for start in range(0, len(some), _ROW_GROUP):
                writer.write_table(_table(schema, unit.name, start, some[start:][:_ROW_GROUP]))
            writer.add_key_value_metadata(footer)
    return output


def _table(schema: pa.Schema, shard: str, start: int, hashes: Hashes) -> pa.Table:
    """Return rows of kept images with these hashes; columns that the command skips are null."""
    number = len(hashes)
    texts = to_hexadecimal(hashes.view(np.uint8).reshape(-1, 32))
    index = np.arange(start, start + number)
    values = {
        "shard": pa.repeat(shard, number),
        "index": pa.array(index),
        "status": pa.repeat("kept", number),
        "width": pa.array(640 + index % 100),
        "height": pa.array(480 + index % 100),
        "sha256": pa.array(texts),
        "pdq": pa.array(texts),
    }
    columns = [
        values[field.name].cast(field.type)
        if field.name in values
        else pa.nulls(number, field.type)
        for field in schema
    ]
    return pa.Table.from_arrays(columns, schema=schema)


def measure_command(output: Path) -> None:
    """Find the duplicates of an output, as the command does."""
    started, cpu = time.perf_counter(), time.process_time()
    found = find_duplicates([str(output)], _DISTANCE, output.with_name("duplicates.parquet"))
    _print_cost(f"command on {found.images} images", started, cpu)
    print(f"{found.groups} groups with {found.copies} copies")


def _print_cost(what: str, started: float, cpu: float) -> None:
    seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
    peak = peak_memory() >> 20
    print(f"{what}: {seconds:.0f} s, {cpu:.0f} CPU-seconds, {peak} MiB at the peak", flush=True)


def main(
    rows: int = 1_000_000,
    output: Annotated[
        Path | None, typer.Option(help="New folder for an output, to run the whole command on.")
    ] = None,
    videos: Annotated[bool, typer.Option(help="Group videos of eight frames.")] = False,
    clustered: Annotated[bool, typer.Option(help="Group hashes around a template.")] = False,
    measure: Annotated[bool, typer.Option(hidden=True)] = False,
) -> None:
    """Group made-up hashes and print what was found, and what it cost."""
    if output is None:
        if clustered:
            measure_clustered(rows)
        else:
            (measure_videos if videos else measure_grouping)(rows)
    elif measure:
        measure_command(output / "output")
    else:
        write_output(output, rows)
        command = [sys.executable, "-m", "benchmarks.operations.duplicates", "--measure"]
        subprocess.run([*command, f"--output={output}"], check=True)


if __name__ == "__main__":
    typer.run(main)
