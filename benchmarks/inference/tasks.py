"""What several tasks about one image cost, beside vision once and each task's own work.

    python -m benchmarks.inference.tasks [--scenes 512] [--turns 5] [--batch-size 32]

The fast engine answers four prompts about each of the demo's scenes, by the demo's checkpoint in
float32 on the CPU: all together (T), and each alone (T_i); and its vision tower looks at the images
alone (V). By turns in one process; told are medians, extremes in brackets. Were vision shared and
nothing lost by it, T would be V + sum(T_i - V); the ratio, within a turn, is to be at most 1.05.
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
from schemas.generation import Request

TARGET = 1.05  # times vision once and each task's own work, at most
_VISION, _ALL = "vision tower alone", "all together"


def main(
    checkpoint: Annotated[str, typer.Option()] = "demo/checkpoint",
    scenes: Annotated[int, typer.Option(min=1)] = 512,
    turns: Annotated[int, typer.Option(min=1)] = 5,
    threads: Annotated[int, typer.Option(min=1)] = 2,
    batch_size: Annotated[int, typer.Option(min=1)] = 32,
) -> None:
    """Print milliseconds an image, and the ratio."""
    engine: Any = cpu_engine(
        checkpoint, "fast", precision="float32", batch_size=batch_size, threads=threads
    )
    block = demo_requests(scenes, engine.image_spec.side)
    alone = {
        prompt: [replace(request, prompts=((prompt, limit),)) for request in block]
        for prompt, limit in PROMPTS
    }
    contenders: dict[str, Callable[[], object]] = {
        _VISION: partial(_look, engine, block, batch_size),
        **{prompt: partial(engine.generate, asked) for prompt, asked in alone.items()},
        _ALL: partial(engine.generate, block),
    }
    engine.generate(block[:batch_size])  # memory is taken, and kernels are chosen
    taken: dict[str, list[Turn]] = {name: [] for name in contenders}
    for name, turn, _ in by_turns(contenders, turns):
        taken[name].append(turn)
    table = Table("", "ms an image", "CPU ms an image", box=box.MARKDOWN)
    for name, each in taken.items():
        wall = [1000 * turn.wall / scenes for turn in each]
        cpu = [1000 * turn.cpu / scenes for turn in each]
        table.add_row(name, spread(wall, 2), spread(cpu, 2))
    ratios = Table("all together against vision once and each task's own", "", box=box.MARKDOWN)
    for kind in Turn._fields:
        ratios.add_row(kind, spread([_ratio(taken, number, kind) for number in range(turns)], 3))
    ratios.add_row("target", f"{TARGET:.2f}")
    console = Console()
    console.print(table)
    console.print(ratios)


def _look(engine: Any, block: Sequence[Request], size: int) -> None:
    """The vision tower's work on a block, in the engine's batches."""
    with torch.inference_mode():
        for start in range(0, len(block), size):
            engine._vision_tower(engine._pixel_values(block[start : start + size]))


def _ratio(taken: dict[str, list[Turn]], number: int, kind: str) -> float:
    seconds = {name: getattr(turns[number], kind) for name, turns in taken.items()}
    vision, together = seconds.pop(_VISION), seconds.pop(_ALL)
    return float(together / (vision + sum(alone - vision for alone in seconds.values())))


if __name__ == "__main__":
    typer.run(main)
