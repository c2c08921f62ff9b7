"""The fast engine against the model cards' snippet at its best batch size, and the roofline.

    python -m benchmarks.random_weights FOLDER --resolution 224
    python -m benchmarks.gpu FOLDER [--images 512] [--batch-size 64]

Images of noise, and for each a caption, the print and boxes, whose answers are cut at drawn lengths
as `shardmill bench` draws them; a batch of the snippet waits for its longest answer. Bfloat16. The
roofline is that of measured rates of matrix products and copies (inference/roofline.py).
"""

import time
from collections.abc import Sequence
from random import Random
from typing import Annotated

import numpy as np
import torch
import typer

from benchmarks.snippet import Snippet
from inference import Model, resolve_checkpoint
from inference.bench import bench, prompts
from schemas.generation import Request
from schemas.resources import Resources

MIX = ("caption", "ocr", "detect")
BATCHES = (8, 32, 128)  # of the snippet


def main(
    folder: str,
    images: Annotated[int, typer.Option(min=1)] = 512,
    batch_size: Annotated[int, typer.Option(min=1)] = 64,
    device: Annotated[str, typer.Option()] = "cuda",
) -> None:
    """Print rates and the ratio."""
    model = Model.model_validate({"checkpoint": folder, "batch_size": batch_size, "device": device})
    resources = Resources(lambda path: open(path, "rb"), device=device)  # noqa: SIM115
    (fast,) = bench(model, MIX, [images], images, resources)
    typer.echo(
        f"fast         {fast.images_per_second:8.2f} images/s, {fast.share:.0%} of the roofline"
    )
    side = resolve_checkpoint(model).resolution
    noise = np.random.default_rng(0).integers(0, 256, (images, side, side, 3), dtype=np.uint8)
    random = Random(0)
    block = [Request(pixels, prompts(MIX, random)) for pixels in noise]
    best = max(_snippet(folder, size, block, device) for size in BATCHES)
    typer.echo(f"fast / snippet at its best   {fast.images_per_second / best:.2f} (target: 3)")


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
