"""How many images a second the fast engine answers, beside the reference and the cards' snippet.

    python -m benchmarks.engines [--scenes 512] [--turns 3] [--batch-size 32]

Four prompts about each of the demo's scenes, whose answers end by themselves after none to some
forty tokens, by the demo's checkpoint in float32 on the CPU. The snippet is that of the model
cards: the processor and `generate`, a task and a batch at a time. All get the same pixels, squashed
before the clock starts. The contenders take turns in one process; rates are medians, extremes in
brackets, and ratios are medians of the ratios within a turn, for what else the machine does changes
between turns. CPU seconds are told beside the wall clock. Also said: how many answers differ.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from statistics import median
from typing import Annotated, Any, NamedTuple

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from benchmarks.snippet import Snippet
from demo import words
from demo.quality import LEARNT
from demo.scenes import draw_scene
from demo.sight import seen
from inference import Model, load_engine, resolve_checkpoint
from schemas.generation import Request
from schemas.resources import Resources

PROMPTS = (
    ("caption en", 24),
    ("ocr", 12),
    (f"detect {' ; '.join(words.SHAPES)}", 40),
    ("segment circle", 72),
)
SEED = 2026
TARGETS = {"snippet": 2.0, "reference": 1.5}  # times that the fast engine is to be faster


class Turn(NamedTuple):
    wall: float  # seconds
    cpu: float


def main(
    checkpoint: Annotated[str, typer.Option()] = "demo/checkpoint",
    scenes: Annotated[int, typer.Option(min=1)] = 512,
    turns: Annotated[int, typer.Option(min=1)] = 3,
    threads: Annotated[int, typer.Option(min=1)] = 2,
    batch_size: Annotated[int, typer.Option(min=1, help="Of all contenders.")] = 32,
) -> None:
    """Print rates and ratios."""
    drawn = (draw_scene(SEED, index) for index in range(4 * scenes))
    whole = [scene for scene in drawn if scene.kind in LEARNT][:scenes]
    settings: dict[str, Any] = {"checkpoint": checkpoint, "precision": "float32", "device": "cpu"}
    contenders: dict[str, Callable[[Sequence[Request]], list[list[str]]]] = {}
    resolution = 0
    for name in ("fast", "reference"):
        model = Model.model_validate({**settings, "engine": name, "batch_size": batch_size})
        resources = Resources(lambda path: open(path, "rb"), threads=threads)  # noqa: SIM115
        engine = load_engine(model, resolve_checkpoint(model), resources)
        resolution = engine.resolution
        contenders[name] = lambda block, engine=engine: [
            [answer.text for answer in row] for row in engine.generate(block)
        ]
    contenders["snippet"] = Snippet(checkpoint, batch_size).answers
    block = [Request(seen(scene.image, resolution), PROMPTS) for scene in whole]
    for answer in contenders.values():
        answer(block[:batch_size])  # memory is taken, and kernels are chosen
    taken: dict[str, list[Turn]] = {name: [] for name in contenders}
    answers: dict[str, list[list[str]]] = {}
    for _ in range(turns):
        for name, answer in contenders.items():
            started, used = time.perf_counter(), time.process_time()
            answers[name] = answer(block)
            taken[name].append(Turn(time.perf_counter() - started, time.process_time() - used))
    _print(taken, answers, len(block))


def _print(
    taken: Mapping[str, Sequence[Turn]], answers: Mapping[str, list[list[str]]], images: int
) -> None:
    table = Table("", "images/s", "images per CPU-second", "other answers", box=box.MARKDOWN)
    for name, each in taken.items():
        others = sum(
            one != other
            for row, fast in zip(answers[name], answers["fast"], strict=True)
            for one, other in zip(row, fast, strict=True)
        )
        wall = [images / turn.wall for turn in each]
        cpu = [images / turn.cpu for turn in each]
        table.add_row(name, _spread(wall, 1), _spread(cpu, 1), f"{others} of {4 * images}")
    ratios = Table("fast against", "images/s", "per CPU-second", "target", box=box.MARKDOWN)
    for name, target in TARGETS.items():
        pairs = list(zip(taken[name], taken["fast"], strict=True))
        wall = [other.wall / fast.wall for other, fast in pairs]
        cpu = [other.cpu / fast.cpu for other, fast in pairs]
        ratios.add_row(name, _spread(wall, 2), _spread(cpu, 2), f"{target:.1f}")
    console = Console()
    console.print(table)
    console.print(ratios)


def _spread(values: Sequence[float], digits: int) -> str:
    low, high = min(values), max(values)
    return f"{median(values):.{digits}f} ({low:.{digits}f}-{high:.{digits}f})"


if __name__ == "__main__":
    typer.run(main)
