"""Asking about the rows that were kept, and reading and judging what the model answers."""

from collections.abc import Mapping, Sequence

from inference import Engine, Task
from pipelines.judging import Judging
from pipelines.rows import SKIPPED, Row, answer
from pipelines.stopwatch import Stopwatch
from schemas.generation import Request


def ask(
    block: Sequence[Row],
    tasks: Mapping[str, Task],
    engine: Engine,
    judging: Judging,
    stopwatch: Stopwatch,
) -> None:
    """Fill in the answers of the rows that were kept, as far as the filters let them pass."""
    kept = [row for row in block if row.kept]
    asked: list[tuple[Row, list[str]]] = []
    requests: list[Request] = []
    for row in kept:
        sample = row.sample()
        prompts = {
            name: (text, task.max_new_tokens)
            for name, task in tasks.items()
            if (text := task.prompt(sample)) is not None
        }
        row.answers = dict.fromkeys(tasks, SKIPPED)
        if prompts and row.picture is not None:
            asked.append((row, list(prompts)))
            requests.append(Request(row.picture, tuple(prompts.values())))
    with stopwatch.stage("inference", len(requests)):
        generations = engine.generate(requests) if requests else []
    with stopwatch.stage("answers", len(requests)):
        for (row, names), answers in zip(asked, generations, strict=True):
            row.picture = None
            for name, generation in zip(names, answers, strict=True):
                task = tasks[name]
                value, understood = task.parse(generation, row.width, row.height)
                row.answers[name] = answer(generation, value, understood, task.keeps_raw)
        judging.judge_answers(kept, tasks)
