"""Measures the loading time, memory and lookup time of hash lists.

    python -m benchmarks.filters.hash_lists [--exact 10000000] [--perceptual 1000000]

Uses lists of random hashes and images of random pixels; times are CPU seconds of one core. Needs
`pip install 'pdqhash>=0.2.8'`. Prints a table; nothing is asserted.
"""

import resource
import tempfile
import time
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from filters import HashList, PerceptualHashList
from schemas.resources import Resources
from schemas.sample import Sample

SIZES = ((640, 480), (1024, 768), (4000, 3000))  # pixels
IMAGES = 8
LINES = 100_000  # written at a time
RESOURCES = Resources(lambda path: open(path, "rb"))  # noqa: SIM115


def main(
    exact: Annotated[int, typer.Option(min=1, help="Entries of sha256.")] = 10_000_000,
    perceptual: Annotated[int, typer.Option(min=1, help="Entries of PDQ.")] = 1_000_000,
) -> None:
    """Print the table."""
    random = np.random.default_rng(0)
    frames = [random.integers(0, 256, (height, width, 3), np.uint8) for width, height in SIZES]
    file = Sample("", 0, {}, random.bytes(100_000), 1, 1)
    images = [Sample("", 0, {}, b"", 1, 1, (frame,)) for frame in frames]
    table = Table("list", "entries", "loaded in, s", "memory, MB", "image", "lookup, ms")
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "list.csv")
        for algorithm, entries, stage, samples in (
            ("pdq", 1, PerceptualHashList(path=path), images),
            ("pdq", perceptual, PerceptualHashList(path=path), images),
            ("sha256", exact, HashList(path=path), [file]),
        ):
            _write(path, algorithm, entries, random)
            before, started = _memory(), time.process_time()
            judge = stage.load(RESOURCES)
            loaded = f"{time.process_time() - started:.1f}", f"{_memory() - before:.0f}"
            for sample in samples:
                started = time.process_time()
                judge.judge([sample] * IMAGES)
                milliseconds = 1000 * (time.process_time() - started) / IMAGES
                shapes = [f"{frame.shape[1]} x {frame.shape[0]}" for frame in sample.frames]
                image = "".join(shapes) or f"{len(sample.image):,} bytes"
                table.add_row(algorithm, f"{entries:,}", *loaded, image, f"{milliseconds:.1f}")
    Console().print(table)


def _write(path: str, algorithm: str, entries: int, random: np.random.Generator) -> None:
    with open(path, "w", encoding="ascii") as file:
        file.write("algorithm,hash,source,label\n")
        for start in range(0, entries, LINES):
            for _ in range(min(LINES, entries - start)):
                file.write(f"{algorithm},{random.bytes(32).hex()},partner,known\n")


def _memory() -> float:
    """The resident memory of this process, in MB."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 1e6


if __name__ == "__main__":
    typer.run(main)
