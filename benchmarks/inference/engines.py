"""How many images a second the fast engine answers, beside the reference and the cards' snippet.

    python -m benchmarks.inference.engines [--scenes 512] [--turns 3] [--batch-size 32]
    python -m benchmarks.inference.engines --precision bfloat16 --scenes 256 --turns 1

Four prompts about each of the demo's scenes, whose answers end by themselves after none to some
forty tokens, by the demo's checkpoint on the CPU. The snippet is that of the model cards: the
processor and `generate`, a task and a batch at a time. All get the same pixels, squashed before the
clock starts. The contenders take turns in one process; rates are medians, extremes in brackets, and
ratios are medians of the ratios within a turn, for what else the machine does changes between
turns. CPU seconds are told beside the wall clock.

Also said: how many answers differ from the reference's and, in another precision than float32, from
those of the reference in float32, for there two right engines round differently and may disagree.
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

TARGETS = {"snippet": 2.0, "reference": 1.5}  # times that the fast engine is to be faster


def main(
    checkpoint: Annotated[str, typer.Option()] = "demo/checkpoint",
    scenes: Annotated[int, typer.Option(min=1)] = 512,
    turns: Annotated[int, typer.Option(min=1)] = 3,
    threads: Annotated[int, typer.Option(min=1)] = 2,
    batch_size: Annotated[int, typer.Option(min=1, help="Of all contenders.")] = 32,
    *,
    precision: Annotated[Literal["float32", "bfloat16", "float16"], typer.Option()] = "float32",
) -> None:
    """Print rates and ratios."""
    load = partial(cpu_engine, checkpoint, batch_size=batch_size, threads=threads)
    engines = {name: load(name, precision=precision) for name in ("fast", "reference")}
    block = demo_requests(scenes, engines["fast"].resolution)
    contenders: dict[str, Callable[[Sequence[Request]], Texts]] = {
        **{name: partial(_answers, engine) for name, engine in engines.items()},
        "snippet": Snippet(checkpoint, batch_size, precision).answers,
    }
    for answer in contenders.values():
        answer(block[:batch_size])  # memory is taken, and kernels are chosen
    taken: dict[str, list[Turn]] = {name: [] for name in contenders}
    answers: dict[str, Texts] = {}
    bound = {name: partial(answer, block) for name, answer in contenders.items()}
    for name, turn, answers[name] in by_turns(bound, turns):
        taken[name].append(turn)
    truths = {"the reference's": answers["reference"]}
    if precision != "float32":
        truths["float32's"] = _answers(load("reference", precision="float32"), block)
    console = Console()
    console.print(_rates(taken, answers, truths))
    console.print(_ratios(taken))


def _answers(engine: Engine, block: Sequence[Request]) -> Texts:
    return [[answer.text for answer in row] for row in engine.generate(block)]


def _rates(
    taken: Mapping[str, Sequence[Turn]], answers: Mapping[str, Texts], truths: Mapping[str, Texts]
) -> Table:
    others = [f"other than {name}" for name in truths]
    table = Table("", "images/s", "images per CPU-second", *others, box=box.MARKDOWN)
    for name, each in taken.items():
        wall = [len(answers[name]) / turn.wall for turn in each]
        cpu = [len(answers[name]) / turn.cpu for turn in each]
        differences = [_differences(answers[name], truth) for truth in truths.values()]
        table.add_row(name, spread(wall, 1), spread(cpu, 1), *differences)
    return table


def _differences(found: Texts, truth: Texts) -> str:
    pairs = [
        pair
        for rows in zip(found, truth, strict=True)
        for pair in zip(*rows, strict=True)  # of prompts
    ]
    others = sum(one != other for one, other in pairs)
    return f"{others} of {len(pairs)} ({others / len(pairs):.1%})"


def _ratios(taken: Mapping[str, Sequence[Turn]]) -> Table:
    table = Table("fast against", "images/s", "per CPU-second", "target", box=box.MARKDOWN)
    for name, target in TARGETS.items():
        pairs = list(zip(taken[name], taken["fast"], strict=True))
        wall = [other.wall / fast.wall for other, fast in pairs]
        cpu = [other.cpu / fast.cpu for other, fast in pairs]
        table.add_row(name, spread(wall, 2), spread(cpu, 2), f"{target:.1f}")
    return table


if __name__ == "__main__":
    typer.run(main)
