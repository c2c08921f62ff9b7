"""`shardmill.annotate`: the model's answers about images in memory, as plain values."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from filters.base import Filter, filter_names
from inference import Engine
from pipelines.adapters.steps import SamplePass
from pipelines.api.arguments import (
    FilterLike,
    TaskLike,
    as_list,
    check_texts,
    make_job,
    name_tasks,
    read_filters,
)
from pipelines.config.input import Limits
from pipelines.config.job import Job
from pipelines.config.validation_errors import errors_at
from pipelines.display.sample_progress import show_samples
from pipelines.images import ImageFault, check_image, encode_image
from pipelines.planning.resolve import resolve_with
from pipelines.planning.resolved_job import ResolvedJob
from pipelines.reading.text_fields import FieldFault
from pipelines.rows.row import Row, RowImage
from pipelines.rows.table import to_arrow
from pipelines.rows.texts import check_text
from schemas.counted import counted
from schemas.errors import JobError
from schemas.sample import Text

Tasks = TaskLike | Iterable[TaskLike] | Mapping[str, TaskLike]
Filters = FilterLike | Iterable[FilterLike]
Entry = dict[str, Any]

_PAIRS = {
    "scores": ("name", "value"),
    "redactions": ("infotype", "count"),
}  # lists that become dicts


class Annotator:
    """A model that is loaded once and answers tasks about images.

    with shardmill.Annotator("google/paligemma2-3b-mix-448") as annotator:
        captions = annotator.annotate(images, "caption")
        answers = annotator.annotate(images, {"n": {"kind": "vqa", "question": "how many dogs?"}})

    `settings` are further keys of a job's `model`, such as `precision="float32"`, `device="cpu"` or
    `revision`. The weights are loaded by the first call.
    """

    def __init__(self, checkpoint: str | Path, **settings: Any) -> None:
        self._model = {"checkpoint": os.fspath(checkpoint), **settings}
        self._first: ResolvedJob | None = None
        self._engine: Engine | None = None

    def annotate(
        self,
        images: Iterable[Any],
        tasks: Tasks,
        *,
        texts: Iterable[str] | None = None,
        filters: Filters = (),
        video: Mapping[str, Any] | None = None,
        details: bool = False,
        progress: bool = True,
    ) -> list[Entry]:
        """Answer the tasks about each image, as `shardmill.annotate` does."""
        named = name_tasks(tasks)
        stages = read_filters(filters)
        given = None if texts is None else check_texts(texts, "texts")
        listed = check_images(images, given)
        job = make_job(
            model=self._model,
            tasks=named,
            filters=stages,
            evaluate="first",
            has_texts=given is not None,
            images=max(map(len, listed), default=1),
            video=video,
        )
        if not listed:
            return []
        work = resolve_with(job, None, self._first.record if self._first else None)
        running = SamplePass(work, _threads(), _by_name(stages), self._engine)
        self._first, self._engine = self._first or work, running.loaded.engine
        try:
            return list(
                _entries(running, work.job, listed, given, details=details, progress=progress)
            )
        finally:
            running.close()

    def close(self) -> None:
        """Let go of the model; a later call loads it again."""
        self._first = self._engine = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


_last: list[tuple[Mapping[str, Any], Annotator]] = []  # of `annotate`, at most one


def annotate(
    images: Iterable[Any],
    tasks: Tasks,
    checkpoint: str | Path,
    *,
    texts: Iterable[str] | None = None,
    filters: Filters = (),
    video: Mapping[str, Any] | None = None,
    details: bool = False,
    progress: bool = True,
    **settings: Any,
) -> list[Entry]:
    """Answer tasks about images, and return one dict of plain values for each image, in order.

    rows = shardmill.annotate(["a.jpg"], ["caption", "ocr"], "google/paligemma2-3b-mix-448")
    rows[0]  # {"status": "kept", "reason": None, "caption": "a dog on a beach", "ocr": ""}

    An image is a path, the bytes of a file, an image of Pillow, or a numpy array of uint8 (height x
    width, or height x width x 3 or 4). A tuple or list of images is what one prompt is about, for a
    checkpoint that is fine-tuned for so many. `tasks` is a kind of task, a list of kinds, or a dict
    of tasks as in a job file: `{"objects": {"kind": "detect", "labels": ["dog"]}}`.

    An image that cannot be used has the status `invalid`, a reason, and None for each task; the
    other images are answered. `filters` are written as in a job file and judge images, `texts` (a
    source text for each image) and answers: what they drop has no values. With `details`, a dict
    has all columns of a job's output.

    With `video`, such as `{"frames": 16, "stride": 9}`, the files are videos, of which the model
    sees some frames as a job's `input.video` says. They are decoded in child processes, so a script
    calls this below `if __name__ == "__main__":`.

    `settings` are further keys of a job's `model`, such as `device="cpu"`. The last model stays
    loaded for the next call; `Annotator` says when it is let go. Raises JobError, which names the
    argument, if an argument is wrong.
    """
    key = {"checkpoint": os.fspath(checkpoint), **settings}
    if not _last or _last[0][0] != key:
        _last.clear()  # before another model is loaded: two may not fit into memory
        _last.append((key, Annotator(checkpoint, **settings)))
    annotator = _last[0][1]
    return annotator.annotate(
        images,
        tasks,
        texts=texts,
        filters=filters,
        video=video,
        details=details,
        progress=progress,
    )


def judge_images(
    images: Iterable[Any],
    filters: Filters,
    *,
    texts: Iterable[str] | None = None,
    evaluate: str = "first",
    video: Mapping[str, Any] | None = None,
    progress: bool = True,
) -> list[Entry]:
    """Judge images by filters, and return one dict for each image, in order.

    rows = shardmill.judge_images(["a.jpg"], {"kind": "image_size", "min_side": 256})
    rows[0]  # {"status": "dropped", "filter": "image_size", "reason": "image_too_small", ...}

    Images, `filters`, `texts` and `video` are given as to `annotate`. With `evaluate="all"`,
    filters also judge what an earlier filter rejected, for their scores.
    """
    stages = read_filters(filters)
    given = None if texts is None else check_texts(texts, "texts")
    listed = check_images(images, given)
    job = make_job(
        model=None,
        tasks={},
        filters=stages,
        evaluate=evaluate,
        has_texts=given is not None,
        images=max(map(len, listed), default=1),
        video=video,
    )
    running = SamplePass(resolve_with(job, None), _threads(), _by_name(stages))
    try:
        entries = _entries(running, job, listed, given, details=True, progress=progress)
        names = ("status", "filter", "reason", "scores", "width", "height")
        return [{name: entry[name] for name in names} for entry in entries]
    finally:
        running.close()


def check_images(images: Iterable[Any], texts: list[str] | None) -> list[Sequence[Any]]:
    """Return the images of each prompt; raise JobError if one is none, or if texts do not match."""
    listed: list[Sequence[Any]] = [
        each if isinstance(each, list | tuple) else (each,) for each in as_list(images, "images")
    ]
    for number, of_prompt in enumerate(listed):
        with errors_at(f"images[{number}]: "):
            if not of_prompt:
                raise JobError("is empty: give at least one image")
            for image in of_prompt:
                check_image(image)
    if texts is not None and len(texts) != len(listed):
        raise JobError(
            f"texts: has {counted(len(texts), 'text')} for {counted(len(listed), 'image')}"
        )
    return listed


def _entries(
    running: SamplePass,
    job: Job,
    images: list[Sequence[Any]],
    texts: list[str] | None,
    *,
    details: bool,
    progress: bool,
) -> Iterator[Entry]:
    schema = job.output_schema()
    with show_samples(len(images), progress) as count:
        for block in running.blocks(_rows(images, texts, job.input.limits)):
            for stored in to_arrow(block, schema).to_pylist():
                yield _all_columns(stored) if details else _values(stored, job)
            count(len(block))


def _rows(images: list[Sequence[Any]], texts: list[str] | None, limits: Limits) -> Iterator[Row]:
    for index, of_prompt in enumerate(images):
        row = Row("", index)
        try:
            row.image, *others = (encode_image(image, limits) for image in of_prompt)
            row.others = [RowImage(image) for image in others]
        except ImageFault as fault:
            row.reject("invalid", fault.reason, error=fault.error)
        if texts is not None:
            try:
                row.texts = {"source_text": Text(check_text(texts[index], limits))}
            except FieldFault as fault:
                row.reject("invalid", fault.reason)
        yield row


def _values(stored: Entry, job: Job) -> Entry:
    names = ("status", *(["filter"] if job.filters else []), "reason", *job.tasks)
    return {name: stored[name] for name in names}


def _all_columns(stored: Entry) -> Entry:
    pairs = {
        column: {pair[name]: pair[value] for pair in stored[column]}
        for column, (name, value) in _PAIRS.items()
    }
    unknown = ("shard", "key")  # of images in memory
    return {name: value for name, value in (stored | pairs).items() if name not in unknown}


def _by_name(stages: tuple[Filter, ...]) -> dict[str, Filter]:
    return dict(zip(filter_names(stages), stages, strict=True))


def _threads() -> int:
    return len(os.sched_getaffinity(0))
