"""Measures what sharing images between captions and questions about their phrases saves.

    python -m benchmarks.inference.grounded [--scenes 256] [--turns 5] [--batch-size 16]

The fast engine captions the demo's scenes and then asks for each noun phrase of a caption, as a job
with `grounded` does, with the demo's checkpoint in float32 on the CPU. Both ways take turns in one
process: with the features of the images shared between the two rounds, and without. The table gives
medians, with extremes in brackets; the ratio is of the CPU seconds within a turn. All answers must
have equal tokens.
"""

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from functools import partial
from typing import Annotated, Any

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from benchmarks.inference.demo_questions import cpu_engine, demo_requests
from benchmarks.turns import Turn, by_turns, spread
from inference import Grounded
from inference.engines.base import batches
from schemas.generation import Request

_BLOCK = 256  # samples, as in a job on a CPU
_SHARED, _APART = "shared", "encoded twice"


def main(
    checkpoint: Annotated[str, typer.Option()] = "demo/checkpoint",
    scenes: Annotated[int, typer.Option(min=1)] = 256,
    turns: Annotated[int, typer.Option(min=1)] = 5,
    threads: Annotated[int, typer.Option(min=1)] = 1,
    batch_size: Annotated[int, typer.Option(min=1)] = 16,
) -> None:
    """Print the images encoded, the CPU time, and its ratio."""
    engine: Any = cpu_engine(
        checkpoint, "fast", precision="float32", batch_size=batch_size, threads=threads
    )
    images: list[int] = []  # numbers of images that were encoded together
    pixel_values = engine._pixel_values
    engine._pixel_values = lambda batch: (images.append(len(batch)), pixel_values(batch))[1]
    block = demo_requests(scenes, engine.image_spec.side, (("caption en", 24),))
    contenders: dict[str, Callable[[], list[list[int]]]] = {
        _SHARED: partial(_rounds, engine, block, shared=True),
        _APART: partial(_rounds, engine, block, shared=False),
    }
    _rounds(engine, block[:batch_size], shared=False)  # a warm-up
    images.clear()
    measured: dict[str, list[Turn]] = {name: [] for name in contenders}
    encoded: dict[str, int] = {}
    answers: list[list[list[int]]] = []
    for name, turn, tokens in by_turns(contenders, turns):
        measured[name].append(turn)
        encoded[name] = sum(images)
        images.clear()
        answers.append(tokens)
    assert all(each == answers[0] for each in answers), "the answers have other tokens"
    table = Table("features", "images encoded", "CPU ms per image", box=box.MARKDOWN)
    for name, of_name in measured.items():
        cpu = [1000 * turn.cpu / scenes for turn in of_name]
        table.add_row(name, str(encoded[name]), spread(cpu, 2))
    pairs = zip(measured[_SHARED], measured[_APART], strict=True)
    table.add_row("ratio of CPU time", "", spread([one.cpu / other.cpu for one, other in pairs], 3))
    Console().print(table)


def _rounds(engine: Any, block: Sequence[Request], *, shared: bool) -> list[list[int]]:
    """Ask for captions and then for their phrases; return the token ids of all answers."""
    task = Grounded(caption="caption")
    tokens = []
    for requests in batches(block, _BLOCK):
        with engine.sharing_images() if shared else nullcontext():
            captions = engine.generate(requests)
            questions = []
            for request, (caption,) in zip(requests, captions, strict=True):
                intents = map(task.phrase_intent, task.phrases(caption.text))
                prompts = [(engine.family.prompt(each), task.max_new_tokens) for each in intents]
                questions.append(Request(request.images, tuple(prompts)))
            answers = [*captions, *engine.generate([each for each in questions if each.prompts])]
        tokens += [[token.id for token in each.tokens] for row in answers for each in row]
    return tokens


if __name__ == "__main__":
    typer.run(main)
