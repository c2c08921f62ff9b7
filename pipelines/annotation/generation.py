"""Generates answers for kept rows, then parses and filters the answers.

The two steps are separate, so that the engine can work on one block while the answers of the
previous block are parsed.
"""

import time
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field

from inference import Engine, ModelFamily, Task
from inference.tasks.detections import Box
from inference.tasks.regions import draw_region
from pipelines.annotation.choosing import choice_tasks, generate_or_choose, scored_choices
from pipelines.annotation.filtering import FilterChain
from pipelines.annotation.grounding import (
    PhraseAnswers,
    ask_phrases,
    follow_captions,
    grounded_tasks,
    parse_phrases,
)
from pipelines.concurrency.stage_timer import StageTimer
from pipelines.rows.row import SKIPPED, Row, answer
from schemas.generation import Generation, Request
from schemas.sample import RGB, Sample


@dataclass(frozen=True, slots=True)
class GeneratedBlock:
    """A block with its raw generations, not yet parsed."""

    rows: Sequence[Row]
    # A row, and tasks with a prompt for it; a row comes again for each region drawn into its image.
    asked: Sequence[tuple[Row, Sequence[str]]] = ()
    generations: Sequence[Sequence[Generation]] = field(default=(), repr=False)  # as in `asked`
    oom_retries: int = 0  # how often memory ran out while the engine answered this block
    phrase_answers: Sequence[PhraseAnswers] = ()


def generate(
    block: Sequence[Row],
    tasks: Mapping[str, Task],
    engine: Engine,
    timer: StageTimer,
    costs: StageTimer | None = None,
) -> GeneratedBlock:
    """Run the engine on the kept rows of a block, and free their model images.

    `costs` gets the share of the engine's time that each task takes.
    """
    costs = costs or StageTimer()
    asked: list[tuple[Row, Sequence[str]]] = []
    requests: list[Request] = []
    checking, choosing = grounded_tasks(tasks), choice_tasks(tasks)
    seen: list[tuple[Row, tuple[RGB, ...]]] = []  # for a second round, about captions of the first
    for row in filter(_is_kept, block):
        prompts = _prompts_by_region(row.sample(), tasks, engine.family)
        row.answers = dict.fromkeys(tasks, SKIPPED)
        images, row.model_images = row.model_images, ()
        if not images:
            continue
        if checking:
            seen.append((row, images))
        for region, named in prompts.items():
            drawn = images
            if region:
                (image,) = images  # a job with several images in a prompt draws no regions
                drawn = (draw_region(image, region, row.width, row.height),)
            choices = scored_choices(named, choosing, row.sample())
            written = {name: named[name] for name in named if name not in choices}
            asked.append((row, (*written, *choices)))
            requests.append(Request(drawn, tuple(written.values()), tuple(choices.values())))
    retries_before = engine.oom_retries
    # Further rounds ask about the same images.
    sharing = engine.sharing_images() if checking or choosing else nullcontext()
    started = time.perf_counter()
    with timer.stage("inference", len(requests) or len(seen)), sharing:
        generations = generate_or_choose(requests, [names for _, names in asked], choosing, engine)
        captions: defaultdict[int, dict[str, str]] = defaultdict(dict)
        for (row, names), answers in zip(asked, generations, strict=True):
            texts = (generation.text.strip() for generation in answers)
            captions[id(row)].update(zip(names, texts, strict=True))
        phrase_answers = ask_phrases(seen, captions, checking, engine)
    elapsed = time.perf_counter() - started
    for name, (number, seconds) in _time_of_tasks(asked, generations, elapsed).items():
        costs.add(f"task {name}", number, seconds)
    oom_retries = engine.oom_retries - retries_before
    return GeneratedBlock(block, asked, generations, oom_retries, phrase_answers)


def _time_of_tasks(
    asked: Sequence[tuple[Row, Sequence[str]]],
    generations: Sequence[Sequence[Generation]],
    seconds: float,
) -> dict[str, tuple[int, float]]:
    """Return the answers of each task, and its share of the time that all took together.

    The engine answers tasks together: the time is divided by the tokens of the answers, and one
    more for each prompt.
    """
    answers: Counter[str] = Counter()
    tokens: Counter[str] = Counter()
    for (_, names), generated in zip(asked, generations, strict=True):
        for name, generation in zip(names, generated, strict=True):
            answers[name] += 1
            tokens[name] += 1 + len(generation.tokens)
    whole = tokens.total()
    return {name: (answers[name], seconds * tokens[name] / whole) for name in tokens}


def _prompts_by_region(
    sample: Sample, tasks: Mapping[str, Task], family: ModelFamily
) -> Mapping[Box | None, Mapping[str, tuple[str, int]]]:
    """Return each task's prompt and limit, by the region that is drawn into the model image."""
    prompts: defaultdict[Box | None, dict[str, tuple[str, int]]] = defaultdict(dict)
    for name, task in tasks.items():
        if (prompt := family.task_prompt(task, sample)) is not None:
            prompts[task.drawn_region(sample)][name] = prompt, task.max_new_tokens
    return prompts


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
                row.answers[name] = answer(generation, value, complete, task)
        checking = grounded_tasks(tasks)
        parse_phrases(block.phrase_answers, checking, family)
        filters.judge_answers(filter(_is_kept, block.rows), tasks, family.strip_markup)
        follow_captions(block.phrase_answers, checking)


def _is_kept(row: Row) -> bool:
    return row.kept
