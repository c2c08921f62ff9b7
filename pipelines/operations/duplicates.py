"""`shardmill duplicates`: lists the near-duplicates among the kept images or videos of outputs."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from pipelines.concurrency.temporary_folder import temporary_folder
from pipelines.duplicates.group_list import write_list
from pipelines.duplicates.images import Images
from pipelines.duplicates.near_images import group_images
from pipelines.output.output import open_output
from pipelines.storage.paths import absolute
from pipelines.storage.storage import Storage
from schemas.errors import JobError

CSV = ".csv"
ENDINGS = (".parquet", CSV)


class DuplicateCounts(NamedTuple):
    """What was compared and found."""

    images: int  # or videos, that have hashes
    are_videos: bool
    groups: int  # of at least two images
    copies: int  # images of groups that are not kept
    waiting: tuple[str, ...]  # one line for each output that is not complete


def find_duplicates(
    outputs: Sequence[str],
    distance: int,
    file: Path,
    storage: Storage | None = None,
    on_progress: Callable[[str, float], None] = lambda _step, _share: None,
) -> DuplicateCounts:
    """Write the list of near images or videos of all outputs; `file` appears whole or not at all.

    Raises JobError if an output is named twice, has no hashes, or is damaged, or if some outputs
    have images and others videos.
    """
    names = [name.rstrip("/") or name for name in outputs]
    if len({absolute(name) for name in names}) < len(names):
        raise JobError("duplicates: an output is named twice: name each one once")
    opened = [(name, open_output(name, storage)) for name in names]
    total = sum(output.count_files() for _, output in opened)
    done = 0

    def on_file() -> None:
        nonlocal done
        done += 1
        on_progress("reading", done / total)

    unfinished = file.with_name(f".{file.name}.unfinished")
    with temporary_folder() as folder:
        images = Images(folder)
        try:
            for name, output in opened:
                images.add_output(name, output, on_file)
        finally:
            images.close()
        near = group_images(images, distance, lambda share: on_progress("comparing", share))
        on_progress("writing", 0)
        try:
            write_list(unfinished, images, near, file.suffix.lower() == CSV)
            unfinished.replace(file)
        finally:
            unfinished.unlink(missing_ok=True)
    groups = int(near.groups[-1]) + 1 if len(near.groups) else 0
    waiting = tuple(
        line
        for name, output in opened
        for line in output.missing_line(name, "so their images are not compared")
    )
    copies = len(near.images) - groups
    return DuplicateCounts(images.number, bool(images.are_videos), groups, copies, waiting)
