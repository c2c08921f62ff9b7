"""The command that measures a model: bench."""

from typing import Annotated, Any

import typer

from pipelines.cli.printing import STDOUT
from pipelines.cli.progress import spinner


def bench(
    checkpoint: Annotated[str, typer.Argument(metavar="MODEL", help="A folder, or a hub id.")],
    *,
    mix: Annotated[
        str,
        typer.Option(
            help="Tasks of each image, with commas: caption, ocr, detect, segment, answer."
        ),
    ] = "caption",
    images: Annotated[int, typer.Option(min=1, help="How many images to measure with.")] = 256,
    block_size: Annotated[
        list[int] | None,
        typer.Option(min=1, help="Samples of a block; repeatable; default: what fits the memory."),
    ] = None,
    batch_size: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Images encoded together; default: what fits the memory.",
            show_default=False,
        ),
    ] = None,
    precision: Annotated[
        str, typer.Option(help="float32, bfloat16, float16, int8 or nf4.")
    ] = "bfloat16",
    adapter: Annotated[str | None, typer.Option(help="A LoRA: a folder, or a hub id.")] = None,
    engine: Annotated[str, typer.Option(help="fast or reference.")] = "fast",
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    gpus: Annotated[int, typer.Option(min=1, help="GPUs to split the model over.")] = 1,
    corpus: Annotated[
        int,
        typer.Option(min=1, help="The size of a corpus, in images, for which hours are projected."),
    ] = 1_000_000,
    devices: Annotated[
        int, typer.Option(min=1, help="The workers like this one that share the corpus.")
    ] = 1,
) -> None:
    """Measure the speed of a model on this machine, by block size.

    Example: shardmill bench google/paligemma2-3b-mix-448 --mix caption,ocr --devices 8
    """
    from pipelines.display.tables import rates_table
    from pipelines.operations.bench import bench as measure

    settings: dict[str, Any] = {"checkpoint": checkpoint, "batch_size": batch_size}
    settings |= {"precision": precision, "engine": engine, "device": device, "adapter": adapter}
    with spinner("measuring"):
        rates = list(measure(settings, mix.split(","), block_size or [], images, gpus))
    STDOUT.print(rates_table(rates, corpus, devices))
