"""Compares int8 with bfloat16 on a CPU, by the matrices of a decoder layer of PaliGemma 2 3B.

    python -m benchmarks.inference.int8_layers [--threads 2]

Random weights and inputs, as many rows as a decode step (16) and a prefill (2,112) may have. Prints
the cheapest of five turns, and the median ratio of rates; both precisions take turns.
"""

import statistics
import time
from collections.abc import Sequence
from typing import Annotated

import torch
import typer

from inference.families.paligemma.int8_linear import Int8Linear
from inference.families.paligemma.linear import Linear, fuse_linears

# Inputs and outputs of the matrices that share an input: queries, keys, values; attention's output;
# gate and up; down.
SHAPES = (
    ((2304, 2048), (2304, 1024), (2304, 1024)),
    ((2048, 2304),),
    ((2304, 9216), (2304, 9216)),
    ((9216, 2304),),
)
TURNS = 5
REPEATS = {16: 20, 2112: 2}  # rows -> passes over the layers in a turn


def main(threads: Annotated[int, typer.Option(min=1)] = 2) -> None:
    """Print milliseconds of a pass over the layers, and the ratio of rates."""
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    plain, quantized = layers(int8=False), layers(int8=True)
    with torch.inference_mode():
        for rows, repeats in REPEATS.items():
            inputs = [torch.randn(rows, group[0][0], dtype=torch.bfloat16) for group in SHAPES]
            pairs = [
                (seconds(plain, inputs, repeats), seconds(quantized, inputs, repeats))
                for _ in range(TURNS + 1)
            ][1:]  # the first turn warms up
            best = [1000 * min(pair[side] for pair in pairs) for side in (0, 1)]
            ratio = statistics.median(slow / fast for slow, fast in pairs)
            times = f"bfloat16 {best[0]:.1f} ms, int8 {best[1]:.1f} ms"
            typer.echo(f"{rows:5} rows: {times}, {ratio:.2f} times")


def layers(*, int8: bool) -> list[Linear]:
    return [fuse_linears(*(layer(*shape, int8=int8) for shape in group)) for group in SHAPES]


def layer(inputs: int, outputs: int, *, int8: bool) -> torch.nn.Module:
    linear = torch.nn.Linear(inputs, outputs, bias=False, dtype=torch.bfloat16)
    return Int8Linear(linear) if int8 else linear


def seconds(modules: Sequence[Linear], inputs: Sequence[torch.Tensor], repeats: int) -> float:
    """Return the seconds of the wall clock of one pass."""
    started = time.perf_counter()
    for _ in range(repeats):
        for module, rows in zip(modules, inputs, strict=True):
            module(rows)
    return (time.perf_counter() - started) / repeats


if __name__ == "__main__":
    typer.run(main)
