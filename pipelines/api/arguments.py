"""Turns arguments of Python calls into a job; the user's mistakes become JobError."""

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import ValidationError

from filters import Filter
from inference import Task
from pipelines.config.filter_list import read_filter_list
from pipelines.config.job import Job
from pipelines.config.validation_errors import first_fault
from schemas.errors import JobError

FilterLike = str | Mapping[str, Any] | Filter
TaskLike = str | Mapping[str, Any] | Task

_MAX_IMAGE_BYTES = 1 << 30  # of a file; images in memory become PNGs, which are large
_GROUPS = (
    ("input.text", "texts"),
    ("input.images", "images"),
    ("input.video", "video"),
    ("model.checkpoint", "checkpoint"),
    ("model.", ""),
)


def read_filters(filters: FilterLike | Iterable[FilterLike]) -> tuple[Filter, ...]:
    """Return the filters that an argument names: by kind, as a job file does, or as instances."""
    listed = (
        [filters] if isinstance(filters, str | Mapping | Filter) else as_list(filters, "filters")
    )
    return read_filter_list(listed)


def name_tasks(
    tasks: TaskLike | Iterable[TaskLike] | Mapping[str, TaskLike],
) -> dict[str, object]:
    """Return tasks by the names of their values: a task without a name is named after its kind."""
    if isinstance(tasks, Mapping) and "kind" not in tasks:
        named = {name: _one_task(task) for name, task in tasks.items()}
    else:
        single = isinstance(tasks, str | Mapping | Task)
        named = {}
        for each in [tasks] if single else as_list(tasks, "tasks"):
            task = _one_task(each)
            name = task.kind if isinstance(task, Task) else str(_kind(task))
            if name in named:
                raise JobError(f"tasks: two are of kind {name}: give a dict, name -> task")
            named[name] = task
    if not named:
        raise JobError("tasks: name at least one, such as 'caption'")
    return named


def make_job(
    *,
    model: Mapping[str, Any] | None,
    tasks: Mapping[str, object],
    filters: Iterable[Filter],
    evaluate: str,
    has_texts: bool,
    images: int = 1,
    video: Mapping[str, Any] | None = None,
) -> Job:
    """Return a job with these settings, whose input and output are never opened.

    `images` is the largest number of images in a prompt.
    """
    named = [f"{number}.png" for number in range(images)] if images > 1 else None
    data = {
        "name": "in-memory",
        "input": {
            "shards": "in-memory",
            "text": "txt" if has_texts else None,
            "images": named,
            "video": video,
            "limits": {"max_image_bytes": _MAX_IMAGE_BYTES},
        },
        "filters": tuple(filters),
        "evaluate": evaluate,
        "model": model,
        "tasks": tasks,
        "output": "in-memory",
    }
    try:
        return Job.model_validate(data)
    except ValidationError as error:
        raise JobError(_as_arguments(first_fault(error, data, Job))) from None


def _as_arguments(message: str) -> str:
    """Name arguments in place of keys of the job file."""
    for key, argument in _GROUPS:
        message = message.replace(key, argument)
    return message


def as_list(values: Iterable[Any], argument: str) -> list[Any]:
    """Return the values as a list; raise JobError for one value in place of several."""
    if isinstance(values, str | bytes | Mapping) or not isinstance(values, Iterable):
        raise JobError(f"{argument}: must be a list: put the value in brackets")
    return list(values)


def check_texts(texts: Iterable[str], argument: str) -> list[str]:
    """Return the texts as a list; raise JobError for a value that is no text."""
    listed = as_list(texts, argument)
    for number, text in enumerate(listed):
        if not isinstance(text, str):
            raise JobError(f"{argument}[{number}]: is of type {type(text).__name__}: give text")
    return listed


def _one_task(task: object) -> object:
    return {"kind": task} if isinstance(task, str) else task


def _kind(task: object) -> object:
    if not isinstance(task, Mapping) or "kind" not in task:
        raise JobError("tasks: a task is a kind such as 'caption', or a dict with a kind")
    return task["kind"]
