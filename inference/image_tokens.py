"""Checks that the images of a prompt fit into it."""

from collections.abc import Mapping

from inference.checkpoint import ResolvedCheckpoint, configuration, family_of
from inference.tasks.task import Task
from schemas.errors import JobError
from schemas.resources import FetchFolder

MOST_IMAGE_TOKENS = 4096  # of a prompt: as one image at 896 pixels, or 16 frames at 224, has


def check_image_tokens(
    checkpoint: ResolvedCheckpoint, images: int, tasks: Mapping[str, Task], fetch: FetchFolder
) -> None:
    """Raise JobError if `images` images have too many tokens, or do not fit with an answer.

    The text of a prompt is not counted: it is known for each sample only.
    """
    if images == 1:
        return
    dimensions = family_of(checkpoint, fetch).dimensions(configuration(checkpoint, fetch))
    tokens = images * dimensions.image_tokens
    if tokens > MOST_IMAGE_TOKENS:
        raise JobError(
            f"{images} images of {dimensions.image_tokens:,} tokens are {tokens:,} image tokens: a "
            f"prompt has at most {MOST_IMAGE_TOKENS:,}: take at most "
            f"{MOST_IMAGE_TOKENS // dimensions.image_tokens}"
        )
    for name, task in tasks.items():
        if tokens + task.max_new_tokens >= dimensions.max_positions:
            raise JobError(
                f"{images} images are {tokens:,} tokens, which with tasks.{name}.max_new_tokens = "
                f"{task.max_new_tokens:,} exceed the {dimensions.max_positions:,} positions of the "
                "checkpoint: take fewer images"
            )
