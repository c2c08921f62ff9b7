"""Asks the engine about the phrases of captions, in a second round after the captions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from inference import Engine, Grounded, ModelFamily, Task
from pipelines.rows.row import Row, answer
from schemas.generation import Generation, Request
from schemas.sample import RGB


@dataclass(frozen=True, slots=True)
class PhraseAnswers:
    """The raw answers to the phrases of a caption, not yet parsed."""

    row: Row
    task: str
    phrases: Sequence[str] = field(repr=False)
    generations: Sequence[Generation] = field(repr=False)


def grounded_tasks(tasks: Mapping[str, Task]) -> dict[str, Grounded]:
    """Return the tasks that check captions."""
    return {name: task for name, task in tasks.items() if isinstance(task, Grounded)}


def ask_phrases(
    images: Sequence[tuple[Row, tuple[RGB, ...]]],
    captions: Mapping[int, Mapping[str, str]],
    tasks: Mapping[str, Grounded],
    engine: Engine,
) -> list[PhraseAnswers]:
    """Ask where the phrases of each row's caption are; the phrases of an image are one request.

    `captions` are the answers of the first round, by the row's `id` and the task's name.
    """
    asked: list[tuple[Row, str, Sequence[str]]] = []
    requests: list[Request] = []
    for row, of_row in images:
        prompts: list[tuple[str, int]] = []
        for name, task in tasks.items():
            text = task.checked_text(row.sample(), captions.get(id(row), {}))
            if text is None:
                continue
            phrases = task.phrases(text)
            asked.append((row, name, phrases))
            intents = map(task.phrase_intent, phrases)
            prompts += [(engine.family.prompt(each), task.max_new_tokens) for each in intents]
        if prompts:
            requests.append(Request(of_row, tuple(prompts)))
    answers = engine.generate(requests) if requests else []
    generations = (generation for of_image in answers for generation in of_image)
    return [
        PhraseAnswers(row, name, phrases, [next(generations) for _ in phrases])
        for row, name, phrases in asked
    ]


def parse_phrases(
    answers: Sequence[PhraseAnswers], tasks: Mapping[str, Grounded], family: ModelFamily
) -> None:
    """Parse the answers to phrases into the rows' answers."""
    for each in answers:
        task = tasks[each.task]
        value, complete = task.parse_phrases(
            each.phrases, each.generations, each.row.sample(), family
        )
        whole = Generation(
            tuple(token for one in each.generations for token in one.tokens),
            "\n".join(one.text for one in each.generations),
            "stop" if all(one.finish_reason == "stop" for one in each.generations) else "length",
        )
        each.row.answers[each.task] = answer(whole, value, complete, task)


def follow_captions(answers: Sequence[PhraseAnswers], tasks: Mapping[str, Grounded]) -> None:
    """Withhold what the filters have removed of a caption from the answers about it too."""
    for each in answers:
        task, own = tasks[each.task], each.row.answers[each.task]
        caption = each.row.answers.get(task.caption or "")
        if caption is None or own.status in ("dropped", "quarantined"):
            continue
        match caption.status:
            case "dropped" | "quarantined":
                own.withhold(caption.status, caption.withheld_by)
            case "redacted":
                own.value, own.raw = task.within(own.value, str(caption.value)), None
                own.status = "redacted"
