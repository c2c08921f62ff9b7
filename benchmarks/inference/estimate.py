"""Estimates the images per second of PaliGemma 2 3B on a GPU, without a measurement.

    python -m benchmarks.inference.estimate [--matrix 650] [--copy 2.8] [--resolution 224]

The work is the same as in benchmarks/inference/gpu.py: a caption, OCR and boxes for each image,
with answers of random lengths. `--matrix` (TFLOP/s) and `--copy` (TB/s) are the device's rates as
inference/benchmarking/roofline.py measures them; the defaults are about the rates of an H100.
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
PROMPT = 8  # tokens, approximately


def main(
    matrix: Annotated[float, typer.Option(help="TFLOP/s of matrix products.")] = 650,
    copy: Annotated[float, typer.Option(help="TB/s read and written.")] = 2.8,
    resolution: Annotated[int, typer.Option(help="224, 448 or 896 pixels.")] = 224,
    slots: Annotated[int, typer.Option(min=1, help="Answers decoded together.")] = 256,
) -> None:
    """Print the images per second of the roofline, and of 60 % of it."""
    with torch.device("meta"):
        float32: Any = PaliGemmaForConditionalGeneration(paligemma2_3b(resolution))
    workload = count_workload(float32.to(torch.bfloat16))
    random = Random(0)
    answers = [
        Lengths(PROMPT, length)
        for _ in range(IMAGES)
        for _, length in prompts(MIX, random, FAMILIES["paligemma"])
    ]
    least = least_seconds(workload, IMAGES, answers, slots, Rates(matrix * 1e12, copy * 1e12))
    no_reads = Rates(matrix * 1e12, float("inf"))
    arithmetic = least_seconds(workload, IMAGES, answers, slots, no_reads)
    typer.echo(
        f"{resolution} pixels: {IMAGES / least:.0f} images/s at most, {arithmetic / least:.0%} of "
        f"the time arithmetic; {TARGET * IMAGES / least:.0f} at {TARGET:.0%} of that"
    )


if __name__ == "__main__":
    typer.run(main)
