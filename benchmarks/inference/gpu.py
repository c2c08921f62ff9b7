"""Compares the fast engine on a GPU with the roofline, and with the model cards' snippet.

    python -m benchmarks.inference.random_weights FOLDER --resolution 224
    python -m benchmarks.inference.gpu FOLDER [--images 512] [--batch-size 64] [--trace trace.json]

The images are noise. Each gets a caption, OCR and boxes, in bfloat16; the answers are cut at random
lengths, as in `shardmill bench`. The snippet runs at its best batch size; each of its batches waits
for the longest answer. The roofline uses measured rates of matrix products and copies
(inference/benchmarking/roofline.py).
"""

import gc
import time
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Annotated

import numpy as np
import torch
import typer
from torch.profiler import profile, supported_activities

from benchmarks.inference.snippet import Snippet
from inference import Engine, Model, family_of, load_engine, resolve_checkpoint
from inference.benchmarking.benchmark import bench, prompts
from schemas.generation import Request
from schemas.resources import Resources

MIX = ("caption", "ocr", "detect")
BATCHES = (8, 32, 128)  # batch sizes of the snippet


def main(
    folder: str,
    images: Annotated[int, typer.Option(min=1)] = 512,
    batch_size: Annotated[int | None, typer.Option(min=1, help="Default: what fits.")] = None,
    device: Annotated[str, typer.Option()] = "cuda",
    trace: Annotated[Path | None, typer.Option(help="Profile one block into this file.")] = None,
) -> None:
    """Print the rates of plain and compiled kernels and of the snippet, and the ratio."""
    settings = {"checkpoint": folder, "batch_size": batch_size, "device": device}
    resources = Resources(lambda path: open(path, "rb"), device=device)  # noqa: SIM115
    rates = {}
    for name, compiled in {"plain": False, "fast": True}.items():
        model = Model.model_validate({**settings, "compile": compiled})
        gc.collect()
        torch.cuda.empty_cache()  # frees the previous engine's memory
        (rate,) = bench(model, MIX, [images], images, resources)
        rates[name] = rate.images_per_second
        typer.echo(
            f"{name:12} {rate.images_per_second:8.2f} images/s, "
            f"{rate.roofline_share:.0%} of the roofline, {rate.memory / 2**30:.1f} GiB"
        )
    checkpoint = resolve_checkpoint(model)
    side = checkpoint.resolution
    noise = np.random.default_rng(0).integers(0, 256, (images, side, side, 3), dtype=np.uint8)
    random = Random(0)
    block = [Request((pixels,), prompts(MIX, random, family_of(checkpoint))) for pixels in noise]
    if trace is not None:
        _profile(load_engine(model, checkpoint, resources), block, trace)
    best = max(_snippet(folder, size, block, device) for size in BATCHES)
    typer.echo(f"fast / snippet at its best   {rates['fast'] / best:.2f} (target: 3)")


def _profile(engine: Engine, block: Sequence[Request], file: Path) -> None:
    """Print the operations that take the most time, and write a trace for chrome://tracing."""
    engine.generate(block)
    with profile(activities=supported_activities()) as profiler:
        engine.generate(block)
    typer.echo(profiler.key_averages().table(sort_by="self_device_time_total", row_limit=25))
    profiler.export_chrome_trace(str(file))


def _snippet(folder: str, size: int, block: Sequence[Request], device: str) -> float:
    """Measure the snippet's images per second; 0 after an out-of-memory."""
    snippet = Snippet(folder, size, "bfloat16", device)
    try:
        snippet.answers(block[:size])
        started = time.perf_counter()
        snippet.answers(block)
    except torch.OutOfMemoryError:
        typer.echo(f"snippet {size:4}  out of memory")
        return 0.0
    rate = len(block) / (time.perf_counter() - started)
    typer.echo(f"snippet {size:4} {rate:8.2f} images/s")
    return rate


if __name__ == "__main__":
    typer.run(main)
