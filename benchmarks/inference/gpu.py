"""The fast engine against the model cards' snippet at its best batch size, and the roofline.

    python -m benchmarks.inference.random_weights FOLDER --resolution 224
    python -m benchmarks.inference.gpu FOLDER [--images 512] [--batch-size 64] [--trace trace.json]

Images of noise, and for each a caption, the print and boxes, whose answers are cut at drawn lengths
as `shardmill bench` draws them; a batch of the snippet waits for its longest answer. Bfloat16. The
roofline uses measured rates of matrix products and copies (inference/benchmarking/roofline.py).
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
BATCHES = (8, 32, 128)  # of the snippet


def main(
    folder: str,
    images: Annotated[int, typer.Option(min=1)] = 512,
    batch_size: Annotated[int | None, typer.Option(min=1, help="Else what fits.")] = None,
    device: Annotated[str, typer.Option()] = "cuda",
    trace: Annotated[Path | None, typer.Option(help="Profile one block into this file.")] = None,
) -> None:
    """Print rates and the ratio: plain, compiled and captured, and the snippet's."""
    asked = {"checkpoint": folder, "batch_size": batch_size, "device": device}
    resources = Resources(lambda path: open(path, "rb"), device=device)  # noqa: SIM115
    rates = {}
    for name, compiled in {"plain": False, "fast": True}.items():
        model = Model.model_validate({**asked, "compile": compiled})
        gc.collect()
        torch.cuda.empty_cache()  # what the one before has held
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
    block = [Request(pixels, prompts(MIX, random, family_of(checkpoint))) for pixels in noise]
    if trace is not None:
        _profile(load_engine(model, checkpoint, resources), block, trace)
    best = max(_snippet(folder, size, block, device) for size in BATCHES)
    typer.echo(f"fast / snippet at its best   {rates['fast'] / best:.2f} (target: 3)")


def _profile(engine: Engine, block: Sequence[Request], file: Path) -> None:
    """What takes the time, printed, and a trace that chrome://tracing shows."""
    engine.generate(block)
    with profile(activities=supported_activities()) as seen:
        engine.generate(block)
    typer.echo(seen.key_averages().table(sort_by="self_device_time_total", row_limit=25))
    seen.export_chrome_trace(str(file))


def _snippet(folder: str, size: int, block: Sequence[Request], device: str) -> float:
    """Images a second; 0 where memory does not suffice."""
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
