"""Generates answers for kept rows, then parses and filters the answers.

The two steps are separate, so that the engine can work on one block while the answers of the
previous block are parsed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from inference import Engine, ModelFamily, Task
from pipelines.annotation.filtering import FilterChain
from pipelines.concurrency.stage_timer import StageTimer
from pipelines.rows.row import SKIPPED, Row, answer
from schemas.generation import Generation, Request


@dataclass(frozen=True, slots=True)
class GeneratedBlock:
    """A block with its raw generations, not yet parsed."""

    rows: Sequence[Row]
    asked: Sequence[tuple[Row, Sequence[str]]] = ()  # a row, and the tasks with a prompt for it
    generations: Sequence[Sequence[Generation]] = field(default=(), repr=False)  # as in `asked`
    oom_retries: int = 0  # how often memory ran out while the engine answered this block


def generate(
    block: Sequence[Row], tasks: Mapping[str, Task], engine: Engine, timer: StageTimer
) -> GeneratedBlock:
    """Run the engine on the kept rows of a block, and free their model images."""
    asked: list[tuple[Row, Sequence[str]]] = []
    requests: list[Request] = []
    for row in filter(_is_kept, block):
        sample = row.sample()
        prompts = {
            name: (prompt, task.max_new_tokens)
            for name, task in tasks.items()
            if (prompt := engine.family.task_prompt(task, sample)) is not None
        }
        row.answers = dict.fromkeys(tasks, SKIPPED)
        image, row.model_image = row.model_image, None
        if prompts and image is not None:
            asked.append((row, tuple(prompts)))
            requests.append(Request(image, tuple(prompts.values())))
    retries_before = engine.oom_retries
    with timer.stage("inference", len(requests)):
        generations = engine.generate(requests) if requests else []
    return GeneratedBlock(block, asked, generations, engine.oom_retries - retries_before)


def parse_answers(
    block: GeneratedBlock,
    tasks: Mapping[str, Task],
    family: ModelFamily,
    filters: FilterChain,
    timer: StageTimer,
) -> None:
    """Parse the generations into the rows' answers, and let the filters judge them."""
    with timer.stage("answers", len(block.asked)):
        for (row, names), generations in zip(block.asked, block.generations, strict=True):
            sample = row.sample()
            for name, generation in zip(names, generations, strict=True):
                task = tasks[name]
                value, complete = task.parse(generation, sample, family)
                row.answers[name] = answer(generation, value, complete, task.keeps_raw)
        filters.judge_answers(filter(_is_kept, block.rows), tasks, family.strip_markup)


def _is_kept(row: Row) -> bool:
    return row.kept
