"""Images a second that a GPU could give PaliGemma 2 3B: reckoned, not measured.

    python -m benchmarks.inference.estimate [--matrix 650] [--copy 2.8] [--resolution 224]

The work is that of benchmarks/inference/gpu.py: each image gets a caption, its text and boxes, with
answers of drawn lengths. `--matrix` (TFLOP/s) and `--copy` (TB/s) are the device's rates as
inference/benchmarking/roofline.py measures them; the defaults are about those of an H100.
"""

from random import Random
from typing import Annotated, Any

import torch
import typer
from transformers import PaliGemmaForConditionalGeneration

from benchmarks.inference.random_weights import paligemma2_3b
from inference.benchmarking.benchmark import prompts
from inference.benchmarking.roofline import Lengths, Rates, least_seconds
from inference.families import FAMILIES
from inference.families.paligemma.workload import count_workload

MIX = ("caption", "ocr", "detect")
IMAGES = 512
TARGET = 0.6  # of the roofline
PROMPT = 8  # tokens, about


def main(
    matrix: Annotated[float, typer.Option(help="Teraflops of matrix products.")] = 650,
    copy: Annotated[float, typer.Option(help="Terabytes a second, read and written.")] = 2.8,
    resolution: Annotated[int, typer.Option(help="224, 448 or 896 pixels.")] = 224,
    slots: Annotated[int, typer.Option(min=1, help="Answers continued together.")] = 256,
) -> None:
    """Print what all of it, and 0.6 of it, would come to."""
    with torch.device("meta"):
        made: Any = PaliGemmaForConditionalGeneration(paligemma2_3b(resolution))
    model = made.to(torch.bfloat16)
    workload = count_workload(model)
    random = Random(0)
    asked = [
        Lengths(PROMPT, length)
        for _ in range(IMAGES)
        for _, length in prompts(MIX, random, FAMILIES["paligemma"])
    ]
    least = least_seconds(workload, IMAGES, asked, slots, Rates(matrix * 1e12, copy * 1e12))
    without = least_seconds(workload, IMAGES, asked, slots, Rates(matrix * 1e12, float("inf")))
    typer.echo(
        f"{resolution} pixels: {IMAGES / least:.0f} images/s at most, {without / least:.0%} of the "
        f"time arithmetic; {TARGET * IMAGES / least:.0f} at {TARGET:.0%} of that"
    )


if __name__ == "__main__":
    typer.run(main)
