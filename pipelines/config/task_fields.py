"""Checks that the job reads what its tasks ask about: fields, captions and single images."""

from collections.abc import Mapping

import pyarrow as pa

from inference import AnyTask, Grounded
from inference.tasks.text_tasks import LanguageTask
from pipelines.config.input import Input
from schemas.errors import JobError
from schemas.known_names import known_names


def check_fields(tasks: Mapping[str, AnyTask], given: Input) -> None:
    """Raise JobError if a task reads a caption or a field that the job does not have."""
    _check_captions(tasks)
    known = {*given.carried(), *(["source_text"] if given.text else [])}
    lists = [name for name, kind in given.column_types().items() if pa.types.is_list(kind)]
    for name, task in tasks.items():
        for field in task.fields():
            if field in lists and field not in task.list_fields():
                raise JobError(
                    f"tasks.{name}: reads {field!r}, which is a list: carry one of its "
                    "elements, such as json:captions.0 instead of json:captions.each"
                )
            if field not in known:
                raise JobError(
                    f"tasks.{name}: reads {field!r}, which is not read from the shards: "
                    f"add it to input.carry (known here: {known_names(field, sorted(known))})"
                )


def check_places(tasks: Mapping[str, AnyTask], given: Input) -> None:
    """Raise JobError if a task asks about places in an image, and prompts have several images."""
    setting = "images" if given.images is not None else "video"
    for name, task in tasks.items():
        if task.has_places() and (given.images or given.video):
            raise JobError(
                f"tasks.{name}: {task.kind} is about places in one image, and input.{setting} "
                f"gives a prompt several: ask it in a job without input.{setting}"
            )


def _check_captions(tasks: Mapping[str, AnyTask]) -> None:
    """Raise JobError if a task checks the captions of a task that writes no English captions."""
    captions = [
        name
        for name, task in tasks.items()
        if isinstance(task, LanguageTask) and task.language == "en"
    ]
    for name, task in tasks.items():
        if isinstance(task, Grounded) and task.caption not in (None, *captions):
            raise JobError(
                f"tasks.{name}.caption: {task.caption!r} is no task with a caption in English: "
                f"name one of them (known here: {known_names(task.caption or '', captions)})"
            )
