"""Asks the engine for written answers, and for the likeliest of given choices."""

from collections.abc import Mapping, Sequence

from inference import ChoiceTask, Engine, Task
from schemas.generation import Generation, Request
from schemas.sample import Sample


def choice_tasks(tasks: Mapping[str, Task]) -> dict[str, ChoiceTask]:
    """Return the tasks that are answered by the likelihood of choices."""
    return {
        name: task
        for name, task in tasks.items()
        if isinstance(task, ChoiceTask) and task.choose_by != "answer"
    }


def scored_choices(
    prompts: Mapping[str, tuple[str, int]], tasks: Mapping[str, ChoiceTask], sample: Sample
) -> dict[str, tuple[str, tuple[str, ...]]]:
    """Return prompt and choices of each of the tasks that has a prompt; prompts are by task."""
    return {
        name: (prompt, tasks[name].choices_of(sample))
        for name, (prompt, _) in prompts.items()
        if name in tasks
    }


def generate_or_choose(
    requests: Sequence[Request],
    names: Sequence[Sequence[str]],
    tasks: Mapping[str, ChoiceTask],
    engine: Engine,
) -> list[tuple[Generation, ...]]:
    """Return the answers to each request: first those that are written, then the chosen ones.

    `names` are the tasks of each request in this order.
    """
    writing = [request for request in requests if request.prompts]
    scoring = [request for request in requests if request.choices]
    written = iter(engine.generate(writing) if writing else ())
    scored = iter(engine.score(scoring) if scoring else ())
    answers = []
    for request, of_request in zip(requests, names, strict=True):
        answer = next(written) if request.prompts else ()
        if request.choices:
            chosen = zip(of_request[len(request.prompts) :], next(scored), strict=True)
            answer += tuple(tasks[name].choose(choices) for name, choices in chosen)
        answers.append(answer)
    return answers
