"""Asking about the rows that were kept, and reading and judging what the model answers.

Two steps, so that the engine can be asked about one block while the answers to another are read.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from inference import Engine, Task
from pipelines.annotation.filtering import FilterChain
from pipelines.concurrency.stage_timer import StageTimer
from pipelines.rows.row import SKIPPED, Row, answer
from schemas.generation import Generation, Request


@dataclass(frozen=True, slots=True)
class Asked:
    """A block, and what the model said of it; nobody has read it yet."""

    rows: Sequence[Row]
    questions: Sequence[tuple[Row, Sequence[str]]] = ()  # a row, and the tasks that ask about it
    generations: Sequence[Sequence[Generation]] = field(default=(), repr=False)  # for each of these
    oom_retries: int = 0  # times that memory ran out over this block


def ask(
    block: Sequence[Row], tasks: Mapping[str, Task], engine: Engine, timer: StageTimer
) -> Asked:
    """Ask about the rows that were kept; their pictures are let go of."""
    questions: list[tuple[Row, Sequence[str]]] = []
    requests: list[Request] = []
    for row in filter(_is_kept, block):
        sample = row.sample()
        prompts = {
            name: (text, task.max_new_tokens)
            for name, task in tasks.items()
            if (text := task.prompt(sample)) is not None
        }
        row.answers = dict.fromkeys(tasks, SKIPPED)
        picture, row.picture = row.picture, None
        if prompts and picture is not None:
            questions.append((row, tuple(prompts)))
            requests.append(Request(picture, tuple(prompts.values())))
    oom_retries = engine.oom_retries
    with timer.stage("inference", len(requests)):
        generations = engine.generate(requests) if requests else []
    return Asked(block, questions, generations, engine.oom_retries - oom_retries)


def read(
    asked: Asked, tasks: Mapping[str, Task], filter_chain: FilterChain, timer: StageTimer
) -> None:
    """Fill in the answers, as far as the filters let them pass."""
    with timer.stage("answers", len(asked.questions)):
        for (row, names), generations in zip(asked.questions, asked.generations, strict=True):
            for name, generation in zip(names, generations, strict=True):
                task = tasks[name]
                value, understood = task.parse(generation, row.width, row.height)
                row.answers[name] = answer(generation, value, understood, task.keeps_raw)
        filter_chain.judge_answers(filter(_is_kept, asked.rows), tasks)


def _is_kept(row: Row) -> bool:
    return row.kept
