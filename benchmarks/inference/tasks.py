"""Measures several tasks about one image against one vision pass and each task's own work.

    python -m benchmarks.inference.tasks [--scenes 512] [--turns 5] [--batch-size 32]

The fast engine answers four prompts about each of the demo's scenes, with the demo's checkpoint in
float32 on the CPU: all prompts together (T), and each prompt alone (T_i). Its vision tower also
runs alone (V). The contenders take turns in one process; the tables give medians, with extremes in
brackets. If vision is shared at no cost, T is V + sum(T_i - V); the target for the ratio of both,
within a turn, is at most 1.05. What asking together saves is sum(T_i) / T.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Annotated, Any

import torch
import typer
from rich import box
from rich.console import Console
from rich.table import Table

from benchmarks.inference.demo_questions import PROMPTS, cpu_engine, demo_requests
from benchmarks.turns import Turn, by_turns, spread
from inference.engines.base import batches
from schemas.generation import Request

TARGET = 1.05  # at most: T / (V + sum(T_i - V))
_VISION, _ALL = "vision tower alone", "all together"


def main(
    checkpoint: Annotated[str, typer.Option()] = "demo/checkpoint",
    scenes: Annotated[int, typer.Option(min=1)] = 512,
    turns: Annotated[int, typer.Option(min=1)] = 5,
    threads: Annotated[int, typer.Option(min=1)] = 2,
    batch_size: Annotated[int, typer.Option(min=1)] = 32,
) -> None:
    """Print milliseconds per image, and the ratio."""
    engine: Any = cpu_engine(
        checkpoint, "fast", precision="float32", batch_size=batch_size, threads=threads
    )
    block = demo_requests(scenes, engine.image_spec.side)
    alone = {
        prompt: [replace(request, prompts=((prompt, limit),)) for request in block]
        for prompt, limit in PROMPTS
    }
    contenders: dict[str, Callable[[], object]] = {
        _VISION: partial(_encode, engine, block, batch_size),
        **{prompt: partial(engine.generate, requests) for prompt, requests in alone.items()},
        _ALL: partial(engine.generate, block),
    }
    engine.generate(block[:batch_size])  # a warm-up: allocates memory, chooses kernels
    measured: dict[str, list[Turn]] = {name: [] for name in contenders}
    for name, turn, _ in by_turns(contenders, turns):
        measured[name].append(turn)
    table = Table("", "ms per image", "CPU ms per image", box=box.MARKDOWN)
    for name, of_name in measured.items():
        wall = [1000 * turn.wall / scenes for turn in of_name]
        cpu = [1000 * turn.cpu / scenes for turn in of_name]
        table.add_row(name, spread(wall, 2), spread(cpu, 2))
    ratios = Table("all together against vision once and each task's own", "", box=box.MARKDOWN)
    for kind in Turn._fields:
        ratios.add_row(kind, spread([_ratio(measured, turn, kind) for turn in range(turns)], 3))
    ratios.add_row("target", f"{TARGET:.2f}")
    savings = Table("each task alone against all together", "", box=box.MARKDOWN)
    for kind in Turn._fields:
        savings.add_row(kind, spread([_saving(measured, turn, kind) for turn in range(turns)], 2))
    console = Console()
    console.print(table)
    console.print(ratios)
    console.print(savings)


def _encode(engine: Any, block: Sequence[Request], size: int) -> None:
    """Run the vision tower on a block, in the engine's batches."""
    with torch.inference_mode():
        for requests in batches(block, size):
            images = [image for request in requests for image in request.images]
            engine._vision_tower(engine._pixel_values(images))


def _ratio(measured: dict[str, list[Turn]], turn: int, kind: str) -> float:
    vision, together, alone = _seconds(measured, turn, kind)
    return together / (vision + sum(each - vision for each in alone))


def _saving(measured: dict[str, list[Turn]], turn: int, kind: str) -> float:
    _, together, alone = _seconds(measured, turn, kind)
    return sum(alone) / together


def _seconds(
    measured: dict[str, list[Turn]], turn: int, kind: str
) -> tuple[float, float, Sequence[float]]:
    """Return the seconds of the vision tower, of all tasks together, and of each task alone."""
    seconds = {name: float(getattr(turns[turn], kind)) for name, turns in measured.items()}
    return seconds.pop(_VISION), seconds.pop(_ALL), tuple(seconds.values())


if __name__ == "__main__":
    typer.run(main)
