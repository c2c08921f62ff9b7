"""Compares the fast engine's rates and answers between number types of the weights, on a CPU.

    python -m benchmarks.inference.precisions [--scenes 240] [--precisions bfloat16,int8,nf4]
    python -m benchmarks.inference.precisions --checkpoint FOLDER --scenes 4 --tokens 20 --prompts 1

The checkpoint answers prompts about the demo's scenes. Precisions take turns in one process,
because the machine's other load changes; a ratio is the median of the ratios within a turn. The
share of equal answers is counted against the first precision, float32 by default. The rates of a
large checkpoint need only its shapes: `benchmarks.inference.random_weights` writes them.
"""

from collections.abc import Sequence
from functools import partial
from typing import Annotated

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from benchmarks.inference.demo_questions import PROMPTS, cpu_engine, demo_requests
from benchmarks.turns import Turn, by_turns, spread
from inference import Engine
from schemas.generation import Request

Answers = list[list[int]]  # token ids of each answer


def main(
    checkpoint: Annotated[str, typer.Option()] = "demo/checkpoint",
    precisions: Annotated[str, typer.Option()] = "float32,bfloat16,int8,nf4",
    *,
    scenes: Annotated[int, typer.Option(min=1)] = 240,
    prompts: Annotated[int, typer.Option(min=1, max=len(PROMPTS), help="About each scene.")] = 4,
    tokens: Annotated[int | None, typer.Option(help="Of an answer, at most.")] = None,
    turns: Annotated[int, typer.Option(min=1)] = 3,
    threads: Annotated[int, typer.Option(min=1)] = 2,
    batch_size: Annotated[int, typer.Option(min=1)] = 32,
) -> None:
    """Print rates, their ratios to bfloat16, and shares of equal answers."""
    names = precisions.split(",")
    engines = {
        name: cpu_engine(checkpoint, "fast", precision=name, batch_size=batch_size, threads=threads)
        for name in names
    }
    asked = tuple((text, tokens or longest) for text, longest in PROMPTS[:prompts])
    block = demo_requests(scenes, engines[names[0]].image_spec.side, asked)
    answer = {name: partial(_answers, engine, block) for name, engine in engines.items()}
    measured: dict[str, list[Turn]] = {name: [] for name in names}
    answers: dict[str, Answers] = {}
    for name, turn, answers[name] in by_turns(answer, turns):
        measured[name].append(turn)
    base = "bfloat16" if "bfloat16" in names else names[0]
    table = Table(
        "precision", "images/s", f"against {base}", "per CPU-second", f"answers as in {names[0]}",
        box=box.MARKDOWN,
    )  # fmt: skip
    for name, taken in measured.items():
        pairs = list(zip(measured[base], taken, strict=True))
        table.add_row(
            name,
            spread([scenes / turn.wall for turn in taken], 2),
            spread([other.wall / turn.wall for other, turn in pairs], 2),
            spread([other.cpu / turn.cpu for other, turn in pairs], 2),
            f"{_equal_share(answers[name], answers[names[0]]):.1%}",
        )
    Console().print(table)


def _answers(engine: Engine, block: Sequence[Request]) -> Answers:
    rows = engine.generate(block)
    return [[token.id for token in answer.tokens] for row in rows for answer in row]


def _equal_share(one: Answers, other: Answers) -> float:
    return sum(map(list.__eq__, one, other)) / len(one)


if __name__ == "__main__":
    typer.run(main)
