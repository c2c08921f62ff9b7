"""Compares the fast engine's images per second with the reference engine's and the snippet's.

    python -m benchmarks.inference.engines [--scenes 512] [--turns 3] [--batch-size 32]
    python -m benchmarks.inference.engines --precision bfloat16 --scenes 256 --turns 1

The demo's checkpoint answers four prompts about each of the demo's scenes on the CPU; the answers
end by themselves after 0 to about 40 tokens. The snippet is the code of the model cards: the
processor and `generate`, one task and one batch at a time. All contenders get the same pixels,
squashed before the clock starts. They take turns in one process. Rates are medians, with extremes
in brackets; ratios are medians of the ratios within a turn, because the machine's other load
changes between turns. Wall clock and CPU seconds are both printed.

The tables also count the answers that differ from the reference engine's. In another precision than
float32, where two correct engines round differently and may disagree, the answers are also compared
with the reference engine's in float32.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Annotated, Literal

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from benchmarks.inference.demo_questions import cpu_engine, demo_requests
from benchmarks.inference.snippet import Snippet
from benchmarks.turns import Turn, by_turns, spread
from inference import Engine
from schemas.generation import Request

Texts = list[list[str]]  # by image and prompt

TARGETS = {"snippet": 2.0, "reference": 1.5}  # ratios that the fast engine must reach


def main(
    checkpoint: Annotated[str, typer.Option()] = "demo/checkpoint",
    scenes: Annotated[int, typer.Option(min=1)] = 512,
    turns: Annotated[int, typer.Option(min=1)] = 3,
    threads: Annotated[int, typer.Option(min=1)] = 2,
    batch_size: Annotated[int, typer.Option(min=1, help="For all contenders.")] = 32,
    *,
    precision: Annotated[Literal["float32", "bfloat16", "float16"], typer.Option()] = "float32",
) -> None:
    """Print rates and ratios."""
    load = partial(cpu_engine, checkpoint, batch_size=batch_size, threads=threads)
    engines = {name: load(name, precision=precision) for name in ("fast", "reference")}
    block = demo_requests(scenes, engines["fast"].image_spec.side)
    contenders: dict[str, Callable[[Sequence[Request]], Texts]] = {
        **{name: partial(_answers, engine) for name, engine in engines.items()},
        "snippet": Snippet(checkpoint, batch_size, precision).answers,
    }
    for answer in contenders.values():
        answer(block[:batch_size])  # a warm-up: allocates memory, chooses kernels
    measured: dict[str, list[Turn]] = {name: [] for name in contenders}
    answers: dict[str, Texts] = {}
    bound = {name: partial(answer, block) for name, answer in contenders.items()}
    for name, turn, answers[name] in by_turns(bound, turns):
        measured[name].append(turn)
    expected = {"the reference's": answers["reference"]}
    if precision != "float32":
        expected["float32's"] = _answers(load("reference", precision="float32"), block)
    console = Console()
    console.print(_rates(measured, answers, expected))
    console.print(_ratios(measured))


def _answers(engine: Engine, block: Sequence[Request]) -> Texts:
    return [[answer.text for answer in row] for row in engine.generate(block)]


def _rates(
    measured: Mapping[str, Sequence[Turn]],
    answers: Mapping[str, Texts],
    expected: Mapping[str, Texts],
) -> Table:
    columns = [f"other than {name}" for name in expected]
    table = Table("", "images/s", "images per CPU-second", *columns, box=box.MARKDOWN)
    for name, turns in measured.items():
        wall = [len(answers[name]) / turn.wall for turn in turns]
        cpu = [len(answers[name]) / turn.cpu for turn in turns]
        differences = [_differences(answers[name], texts) for texts in expected.values()]
        table.add_row(name, spread(wall, 1), spread(cpu, 1), *differences)
    return table


def _differences(answers: Texts, expected: Texts) -> str:
    pairs = [
        pair
        for rows in zip(answers, expected, strict=True)
        for pair in zip(*rows, strict=True)  # of prompts
    ]
    different = sum(answer != other for answer, other in pairs)
    return f"{different} of {len(pairs)} ({different / len(pairs):.1%})"


def _ratios(measured: Mapping[str, Sequence[Turn]]) -> Table:
    table = Table("fast against", "images/s", "per CPU-second", "target", box=box.MARKDOWN)
    for name, target in TARGETS.items():
        pairs = list(zip(measured[name], measured["fast"], strict=True))
        wall = [other.wall / fast.wall for other, fast in pairs]
        cpu = [other.cpu / fast.cpu for other, fast in pairs]
        table.add_row(name, spread(wall, 2), spread(cpu, 2), f"{target:.1f}")
    return table


if __name__ == "__main__":
    typer.run(main)
